"""Cameras: one interface, its makers, and which configuration's name means which maker."""
