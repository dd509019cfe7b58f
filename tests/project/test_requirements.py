"""What pyproject.toml asks for by range, configs/requirements.lock pins inside that range."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "configs" / "requirements.lock").read_text(encoding="utf-8")
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK, flags=re.MULTILINE)
}
EXTRAS = PROJECT["optional-dependencies"]
# A camera maker's interface has a licence of its own and needs his runtime: nobody gets it without asking.
UNLOCKED = {"vimba"}
LOCKED = [*PROJECT["dependencies"], *(word for extra in EXTRAS.keys() - UNLOCKED for word in EXTRAS[extra])]
PYTHONS = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
UNPINNED = [word for extra in sorted(UNLOCKED) for word in EXTRAS[extra]]


def test_something_is_pinned() -> None:
    assert len(PINS) > len(LOCKED) > 20
    assert PYTHONS


@pytest.mark.parametrize("asked", sorted(LOCKED))
def test_the_pin_of_a_dependency_is_inside_its_range(asked: str) -> None:
    requirement = Requirement(asked)
    pin = PINS.get(canonicalize_name(requirement.name))
    assert pin is not None, f"configs/requirements.lock has no {requirement.name}: run `make lock`"
    assert requirement.specifier.contains(pin), f"{pin} is locked, {asked} is asked for: run `make lock`"


@pytest.mark.parametrize("asked", sorted([*LOCKED, *UNPINNED]))
def test_a_range_has_a_release_that_was_tried_and_one_that_may_break(asked: str) -> None:
    assert {bound.operator for bound in Requirement(asked).specifier} == {">=", "<"}


def test_every_pin_has_its_hashes_and_the_lock_names_no_host() -> None:
    pinned = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert [part.split()[0] for part in pinned if "--hash=sha256:" not in part] == []
    assert "://" not in LOCK


@pytest.mark.parametrize("python", PYTHONS)
def test_a_python_that_is_named_is_one_that_is_asked_for(python: str) -> None:
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)
