"""What is shown at one moment, without Kivy."""
