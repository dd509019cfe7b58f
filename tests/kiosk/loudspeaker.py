"""A player that notes what it is asked for."""


class Loudspeaker:
    """heard: the priorities of the bursts so far, and None for each time that it was stopped."""

    def __init__(self, ready=True):
        self.ready = ready
        self.heard = []

    def play(self, priority):
        self.heard.append(priority)

    def stop(self):
        self.heard.append(None)
