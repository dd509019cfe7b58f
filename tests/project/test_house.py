"""The house holds, and each thing that would let it grow crooked is told in one line that says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house import floors, homes
from tests.house.__main__ import problems
from tests.papers import __main__ as papers

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.process, pytest.mark.slow]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of what a check looks at."""
    for folder in ("tosca_kiosk", "hardware", "simulators", "configs"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.png")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_nothing_is_wrong() -> None:
    assert problems(ROOT) == []


def test_a_package_without_a_floor_is_told(house: Path) -> None:
    (house / "tosca_kiosk" / "attic").mkdir()
    (house / "tosca_kiosk" / "attic" / "__init__.py").write_text('"""Nobody knows."""\n', encoding="utf-8")
    (line,) = floors.packages_without_a_floor(house)
    assert line.startswith("tosca_kiosk/attic stands on no floor: give it one in the layers")
    assert floors.broken_contracts(house)


def test_an_import_that_climbs_is_told(house: Path) -> None:
    checks = house / "tosca_kiosk" / "domain" / "checks.py"
    checks.write_text(
        f"{checks.read_text(encoding='utf-8')}\nimport tosca_kiosk.cli.main\n", encoding="utf-8"
    )
    assert any("imports only from floors" in line for line in floors.broken_contracts(house))


def test_a_second_home_of_a_device_model_is_told(house: Path) -> None:
    (house / "tosca_kiosk" / "config" / "models.py").write_text('CAN = {"4302": 2000}\n', encoding="utf-8")
    assert homes.second_homes(house) == [
        "tosca_kiosk/config/models.py names 4302: what a device model can is told in "
        "hardware/arroyo/models.py, read it from there"
    ]


def test_a_stale_paper_is_told(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(papers.PAPERS))
    monkeypatch.setattr(papers, "PAPERS", {name: lambda: "another\n"})
    assert papers.stale(house) == [name]
