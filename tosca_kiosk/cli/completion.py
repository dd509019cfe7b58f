"""Completion of names in a shell, from the record that the command would use. It never fails, it offers less.

Switched on in bash by `eval "$(_TOSCA_KIOSK_COMPLETE=bash_source tosca-kiosk)"`, in zsh and fish by
`zsh_source` and `fish_source`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from tosca_kiosk.cli.workplace import default_data_dir
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.setting_table import SETTINGS
from tosca_kiosk.storage import DATABASE_NAME
from tosca_kiosk.storage.names import names_of

Complete = Callable[[click.Context, click.Parameter, str], list[str]]

_WHICH: Final = "_TOSCA_KIOSK_COMPLETE"
"""How click's script of a shell asks."""


def _of_record(kind: str) -> Complete:
    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        data_dir = context.params.get("data_dir") or default_data_dir()
        return _quoted(names_of(Path(data_dir) / DATABASE_NAME, kind, incomplete))

    return complete


patient_code: Final = _of_record("patients")
protocol_name: Final = _of_record("protocols")
username: Final = _of_record("users")
calibration_number: Final = _of_record("calibration_numbers")
value_name: Final = _of_record("calibration_values")
session_number: Final = _of_record("sessions")
calibration_session_number: Final = _of_record("calibration_sessions")
safety_type: Final = _of_record("safety")
calibration: Final = _of_record("calibrations")


def setting_key(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the keys that exist, whether a record has a row of them or not."""
    return _quoted([key for key in SETTINGS if key.startswith(incomplete)])


def scenario_name(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the shipped scenarios' names, and nothing for what begins like a path: the shell knows those."""
    found = sorted(path.stem for path in bundled("scenarios").glob("*.yaml"))
    return _quoted([name for name in found if name.startswith(incomplete)])


def _quoted(names: list[str]) -> list[str]:
    """Return names as the shell that asks takes them: bash puts them into the line as they are."""
    return [shlex.quote(name) for name in names] if os.environ.get(_WHICH) == "bash_complete" else names
