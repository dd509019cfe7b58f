"""A control process over a warm simulated cart, and a judge who sees the world's true light."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from standin_record import StandInRecord

from tosca_kiosk.config import bundled
from tosca_kiosk.link.datagram import DatagramOutlet
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.session import helper_command

STANDIN = Path(__file__).with_name("standin_kiosk.py")
ANSWER_WITHIN_S = 5.0
ASK_EVERY_S = 0.002
GIVE_UP_S = 10.0


SEED_AT_INDEX = 10
"""In this world the stage wakes up so near its index that homing takes 0.2 s; it can take 30."""


def warm_config(folder, camera="none"):
    """Write the shipped simulated configuration with a TEC that has settled; return its path.

    Without a camera, unless one is named: it has a process of its own, which few tests run.
    """
    text = bundled("simulated.yaml").read_text(encoding="utf-8")
    for shipped, wanted in (
        ("warm: false", "warm: true"),
        ("  seed: 1 ", f"  seed: {SEED_AT_INDEX} "),
        ("camera: simulated", f"camera: {camera}"),
    ):
        assert shipped in text
        text = text.replace(shipped, wanted)
    path = folder / "warm.yaml"
    path.write_text(text, encoding="utf-8")
    return path


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

    def light_off_after_s(self, act):
        """Do something; return how long after it the light was seen off, in the world's own time."""
        began_s = self.until(lambda answer: answer["true_power_w"] > 1.0)["now_s"]
        act()
        return self.until(lambda answer: answer["true_power_w"] == 0.0)["now_s"] - began_s

    def close(self):
        self._inputs.close()
        self._socket.close()
        self._own_path.unlink(missing_ok=True)


class RunningControl:
    """A control process that is ready. runtime: its sockets' directory. record: the one made for it."""

    def __init__(self, process, runtime, ready, record):
        self.process = process
        self.runtime = runtime
        self.ready = ready
        self.record = record
        self.socket_path = ready["socket"]
        self.judge = Judge(ready["world_input"], runtime / f"judge-{process.pid}.sock")


@contextmanager
def running_control(config, runtime, *more, helper=None, data_dir=None):
    """Start control, with more options; afterwards it has ended, whatever happened.

    data_dir: of a record that is there; else one is made beside the configuration. helper: the command line
    of another one than the real.
    """
    record = StandInRecord(config, config.parent / "data") if data_dir is None else None
    data_dir = record.data_dir if data_dir is None else data_dir
    command = [sys.executable, "-m", "tosca_kiosk", "control", "--config", str(config)]
    command += ["--runtime", str(runtime), "--parent", str(os.getpid()), *more]
    command += [
        "--helper",
        shlex.join(helper_command() if helper is None else helper),
        "--data-dir",
        str(data_dir),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            control = RunningControl(process, runtime, json.loads(line), record)
            try:
                yield control
            finally:
                control.judge.close()
        finally:
            process.kill()


@contextmanager
def standin_process(control, folder):
    """Run the stand-in kiosk as a process that has armed; afterwards it has ended."""
    record = control.record
    command = [sys.executable, str(STANDIN), str(control.socket_path), str(folder)]
    command += [str(record.config.source), str(record.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "armed\n"
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
