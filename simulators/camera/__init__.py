"""The simulated camera: what it sees of the world, how a picture is made of it, and the camera itself."""
