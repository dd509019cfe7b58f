"""The main loop around all: its environment, signs of life, the shell, and who looks from outside."""
