"""A control process over a simulated cart, with a judge of its light, and a kiosk without a screen."""

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager

from benchmarks.rigs.judge import Judge
from benchmarks.rigs.standin_record import StandInRecord
from tosca_kiosk.session import helper_command

STANDIN = (sys.executable, "-m", "benchmarks.rigs.standin_kiosk")


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
    command = [*STANDIN, str(control.socket_path), str(folder)]
    command += [str(record.config.source), str(record.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "armed\n"
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
