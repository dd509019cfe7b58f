"""A judge who sees the world's true light, by the input socket of whoever has the world."""

import json
import socket
from pathlib import Path

from benchmarks.rigs.light import LIT_W
from simulators.settable import PEDAL_PATH
from tosca_kiosk.link.datagram import DatagramOutlet
from tosca_kiosk.machine.clock import RealClock

ANSWER_WITHIN_S = 5.0
ASK_EVERY_S = 0.002
GIVE_UP_S = 10.0


class Judge:
    """Asks the simulated world for what no device says, and gives it inputs."""

    def __init__(self, world_input, own_path):
        self._world_input = str(world_input)
        self._own_path = own_path
        self._inputs = DatagramOutlet(Path(world_input))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(own_path))
        self._socket.settimeout(ANSWER_WITHIN_S)
        self._clock = RealClock()

    def set(self, path, value):
        assert self._inputs.send({path: value})

    def ask(self):
        self._socket.sendto(b'{"ask": ["true_power_w", "true_energy_j"]}', self._world_input)
        return json.loads(self._socket.recv(4096))

    def until(self, condition):
        """Ask until condition(answer) holds; return that answer."""
        deadline_s = self._clock.now_s() + GIVE_UP_S
        while not condition(answer := self.ask()):
            assert self._clock.now_s() < deadline_s, answer
            self._clock.sleep_until(self._clock.now_s() + ASK_EVERY_S)
        return answer

    def press_until_light(self):
        """Press the pedal and wait for light."""
        self.set(PEDAL_PATH, True)
        self.until_light()

    def release(self):
        """Lift the foot."""
        self.set(PEDAL_PATH, False)

    def until_light(self):
        """Wait for light; return the answer that tells of it."""
        return self.until(lambda answer: answer["true_power_w"] > LIT_W)

    def light_off_after_s(self, act):
        """Do something; return how long after it the light was seen off, in the world's own time."""
        began_s = self.until_light()["now_s"]
        act()
        return self.until(lambda answer: answer["true_power_w"] == 0.0)["now_s"] - began_s

    def close(self):
        self._inputs.close()
        self._socket.close()
        self._own_path.unlink(missing_ok=True)
