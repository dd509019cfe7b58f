"""What the README says is there, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tosca_kiosk.cli import main
from tosca_kiosk.domain.first_faults import FIRST_FAULTS, Proof

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = re.findall(r"^\| `([\w/]+)` \|", README, flags=re.MULTILINE)
PICTURES = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
COMMANDS = sorted(set(re.findall(r"^tosca-kiosk ([\w-]*\w)", README, flags=re.MULTILINE)))
MODULES = sorted(set(re.findall(r"python -m (benchmarks(?:\.\w+)+)", README)))


def test_something_is_said_of_each() -> None:
    assert min(len(FOLDERS), len(PICTURES), len(COMMANDS), len(MODULES)) >= 1


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_it_describes_is_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def test_every_folder_of_the_top_level_is_described() -> None:
    here = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert here <= {folder.split("/")[0] for folder in FOLDERS}


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_it_shows_is_there(picture: str) -> None:
    assert (ROOT / picture).is_file()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_it_names_has_help(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.parametrize("module", MODULES)
def test_a_campaign_it_names_is_there(module: str) -> None:
    path = ROOT / module.replace(".", "/")
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize(
    "fault", sorted({row.fault for row in FIRST_FAULTS.values() if row.shows is Proof.NEVER})
)
def test_a_first_fault_that_never_shows_is_named(fault: str) -> None:
    assert f"| {fault} | never |" in README


@pytest.mark.parametrize("target", ["run", "test"])
def test_its_two_commands_are_targets(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    assert f"make {target}" in README
