"""Polling a camera whose work is done in a thread, without a word about how long that takes."""

import threading

PATIENCE = 10_000


class Hand:
    """A clock that the test moves."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def poll_until(camera, hand, reached, step_s=0.0):
    """Poll until `reached` is true, moving the clock at each poll; return every frame that came."""
    pause = threading.Event()
    frames = []
    for _ in range(PATIENCE):
        hand.now_s += step_s
        if (frame := camera.poll(hand.now_s)) is not None:
            frames.append(frame)
        if reached(frames):
            return frames
        pause.wait(0.002)  # the thread's turn
    raise AssertionError(f"not reached; link {camera.link}, problem {camera.problem}, {len(frames)} frames")
