"""Names are completed from the record that the command would use, and never stop anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tosca_kiosk.cli.main import main


def offered(cart, command, *words):
    """Return what a shell offers for the last of the words behind a command."""
    shell = ShellComplete(main, {}, "tosca-kiosk", "_TOSCA_KIOSK_COMPLETE")
    place = cart.place if len(command.split()) > 1 else ()  # behind a group's name there is no option yet
    typed = [*command.split(), *place, *words[:-1]]
    return [item.value for item in shell.get_completions(typed, words[-1])]


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (("patients show", "P-"), ["P-2026-0007"]),
        (("protocols show", "Const"), ["Constant 5 W, 60 s"]),
        (("users deactivate", "adm"), ["admin"]),
        (("calibrate confirm", ""), ["3", "2", "1"]),
        (("audit show", "--by", ""), ["admin"]),
        (("audit show", "--table", "patients", "--row", "P-2026-0"), ["P-2026-0007"]),
        (("audit show", "--table", "system_config", "--row", "video_f"), ["video_fps"]),
        (("audit show", "--table", "sessions", "--row", ""), []),
        (("config set", "interlock_arm_hold_m"), ["interlock_arm_hold_max_s"]),
        (("", "pat"), ["patients"]),
        (("sessions", "a"), ["amend"]),
        (("safety list", "--type", "database_i"), ["database_initialized"]),
        (("calibrations history", "laser_"), ["laser_power_verification"]),
        (("calibrations show", "photo"), ["photodiode", "photodiode_voltage_to_power"]),
        (("audit show", "--table", "operations", "--row", ""), []),
    ],
)
def test_names_of_the_record_are_offered(cart, words, offers):
    cart.text("patients", "add", "--code", "P-2026-0007")
    assert offered(cart, *words) == offers


def test_names_of_scenarios_are_offered(cart):
    assert offered(cart, "simulate", "--scenario", "stop_loop_o") == ["stop_loop_opened"]


def test_where_there_is_no_record_nothing_is_offered_and_nothing_is_made(new_cart):
    assert offered(new_cart, "patients show", "") == []
    assert not new_cart.data_dir.exists()


def test_a_file_that_is_no_record_offers_nothing(cart):
    cart.database.write_bytes(b"no record")
    assert offered(cart, "patients show", "") == []


@pytest.mark.process
def test_bash_puts_a_name_with_blanks_into_the_line_as_one_word(cart):
    """As a person's shell does it: the script that the program prints, over a line that is being typed."""
    script = r"""
    source <(_TOSCA_KIOSK_COMPLETE=bash_source tosca-kiosk)
    COMP_WORDS=(tosca-kiosk protocols show --data-dir "$DATA_DIR" Const) COMP_CWORD=5
    _tosca_kiosk_completion tosca-kiosk
    printf '%s\n' "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DATA_DIR": str(cart.data_dir)}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "'Constant 5 W, 60 s'\n", done.stderr
