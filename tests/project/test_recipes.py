"""The recipes of CONTRIBUTING, followed in a copy of the program: what they name is all that is needed.

The recipe of a screen is followed by `tests/kiosk/presenter/test_a_new_screen.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DUMMIES = Path(__file__).parent / "recipes"
HOUSES = ("tosca_kiosk", "hardware", "simulators", "configs", "benchmarks")

pytestmark = pytest.mark.process


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the program, to be changed."""
    for name in HOUSES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "harness"))
    return tmp_path


def add(file: Path, behind: str, text: str) -> None:
    """Add text behind what stands in a file exactly once."""
    whole = file.read_text(encoding="utf-8")
    assert whole.count(behind) == 1, f"{file} has no one place {behind!r}"
    file.write_text(whole.replace(behind, behind + text), encoding="utf-8")


def run(house: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=house,
        env=os.environ | {"PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_device_driver(house: Path) -> None:
    """A second kind of temperature controller, treated and tested like the first."""
    (house / "hardware" / "dummy_tec").mkdir()
    (house / "hardware" / "dummy_tec" / "__init__.py").write_text('"""A dummy."""\n', encoding="utf-8")
    shutil.copy(DUMMIES / "dummy_driver.py", house / "hardware" / "dummy_tec" / "driver.py")
    settings = house / "hardware" / "settings.py"
    add(
        settings,
        "Settings = LaserSettings | TecSettings",
        " | DummyTecSettings",
    )
    add(
        settings,
        "SETTINGS: Final[tuple[type[Settings], ...]] = (LaserSettings, TecSettings,",
        " DummyTecSettings,",
    )
    whole = settings.read_text(encoding="utf-8")
    place = whole.index("Settings = LaserSettings | TecSettings")
    own = (
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        "class DummyTecSettings(TecSettings):\n"
        '    """A dummy."""\n\n'
        '    DRIVER: ClassVar[str] = "dummy_tec"\n\n\n'
    )
    settings.write_text(whole[:place] + own + whole[place:], encoding="utf-8")
    registry = house / "hardware" / "registry.py"
    add(
        registry,
        "from hardware.arroyo.tec import ArroyoTec\n",
        "from hardware.dummy_tec.driver import DummyTec\n",
    )
    add(registry, "    TecSettings.DRIVER: ArroyoTec,\n", '    "dummy_tec": DummyTec,\n')
    shutil.copy(DUMMIES / "dummy_simulator.py", house / "simulators" / "wire" / "dummy_tec.py")
    cart = house / "simulators" / "cart.py"
    add(cart, "from simulators.wire.board import BoardOptions, InterlockBoard\n",
        "from simulators.wire.dummy_tec import DummyTec\n")  # fmt: skip
    add(cart, "        self.tec = ArroyoTec(world, tec)\n", "        self.tec = DummyTec(world)\n")
    config = house / "dummy.yaml"
    shipped = (house / "configs" / "simulated.yaml").read_text(encoding="utf-8")
    config.write_text(shipped.replace("driver: arroyo_tec", "driver: dummy_tec"), encoding="utf-8")

    told = run(
        house, "-m", "tosca_kiosk", "devices", "--config", config, "--data-dir", house / "data", "--json"
    )
    assert told.returncode == 0, told.stdout + told.stderr
    tec = next(row for row in json.loads(told.stdout)["devices"] if row["device"] == "tec")
    assert tec["firmware"] == "dummy 1"


CHECK = """

def door_closed(rules: Rules, state: State, inputs: Inputs) -> bool:
    return inputs.door_closed
"""
ROW = """
    Interlock("door", "door", checks.door_closed, _S.ARM | _S.HELD, "interlock_failure", _CRITICAL,
              "technician", "The door is open.", "Close it, then reset."),
"""
FIRST_FAULT = """
    "door": FirstFault("the door's contact is bridged", Proof.NEVER, "a person sees an open door"),
"""
TRIED = """
from benchmarks.rigs.ideal_cart import IdealCart, rules
cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
cart.emit()
cart.run(1.0)
assert cart.outputs.laser_output
cart.inject["door_closed"] = lambda closed: False
cart.tick()
assert cart.state.faults == ("door",), cart.state.faults
assert not cart.outputs.laser_output
"""


def test_an_interlock(house: Path) -> None:
    """A door, which nobody tells yet: an input, a check, a row and its first fault."""
    domain = house / "tosca_kiosk" / "domain"
    add(domain / "inputs.py", "    self_test_motor: bool = False\n", "    door_closed: bool = True\n")
    with (domain / "checks.py").open("a", encoding="utf-8") as checks:
        checks.write(CHECK)
    add(domain / "interlocks.py", "\nINTERLOCKS: tuple[Interlock, ...] = (\n", ROW)
    add(domain / "first_faults.py", "FIRST_FAULTS: Final[dict[str, FirstFault]] = {\n", FIRST_FAULT)
    found = run(house, "-c", TRIED)
    assert found.returncode == 0, found.stderr
