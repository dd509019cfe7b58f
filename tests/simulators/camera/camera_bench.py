"""A camera over a state that the test sets, and what can be measured in a picture."""

import cv2
import numpy as np

from simulators.camera.simulated import FRAME_S, SimulatedCamera
from simulators.camera.truth import OpticalState

SMOOTH_MG = 2147.0
ROOM = OpticalState(vibration_mg=SMOOTH_MG)
LIT = ROOM._replace(laser_power_w=5.0)


class Bench:
    """A camera that sees `state`, polled on its own grid."""

    def __init__(self, state=LIT, **settings):
        self.state = state
        self.asked = 0
        self.camera = SimulatedCamera(self._truth, **settings)
        self.now_s = 0.0
        self.camera.poll(0.0)

    def _truth(self):
        self.asked += 1
        return self.state

    def frame(self):
        """Let one frame pass and return it."""
        self.now_s += FRAME_S
        return self.camera.poll(self.now_s)

    def frames_in(self, seconds, poll_s=0.01):
        """Poll for a while; return every frame that came."""
        polls = [self.now_s + poll_s * (1 + n) for n in range(round(seconds / poll_s))]
        self.now_s = polls[-1]
        return [frame for now_s in polls if (frame := self.camera.poll(now_s)) is not None]


def picture(state, **settings):
    return Bench(state, **settings).frame().image


def fitted_circle(image, threshold):
    """Return x, y and radius of the ring's line: the means of its outer and inner edge at a threshold."""
    mask = (cv2.GaussianBlur(image, (0, 0), 1.5) > threshold).astype(np.uint8)
    edges, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer, inner = (cv2.fitEllipse(edge) for edge in sorted(edges, key=len)[:-3:-1])
    x_px, y_px = np.add(outer[0], inner[0]) / 2.0
    return x_px, y_px, (sum(outer[1]) + sum(inner[1])) / 8.0


def on_the_line(image, truth, within_px=2.0):
    """Return the pixels on the ring's brightest line."""
    y, x = np.indices(image.shape)
    distance = np.hypot(x - truth.centre_px[0], y - truth.centre_px[1])
    return image[np.abs(distance - truth.radius_px) <= within_px]


def grain_on_the_line(frame):
    """Return the pixels on the line with what is coarser than speckle, the tissue's texture, divided out."""
    image = frame.image.astype(np.float32)
    return on_the_line(image / cv2.GaussianBlur(image, (0, 0), 6.0), frame.truth)


def contrast(pixels):
    return float(pixels.std() / pixels.mean())
