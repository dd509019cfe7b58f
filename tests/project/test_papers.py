"""What the papers of the repository say is so, and what they point at is here and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tosca_kiosk.storage import schema

ROOT: Final = Path(__file__).parents[2]
FIRMWARE: Final = ROOT / "hardware/firmware/interlock_board"
WIRING: Final = FIRMWARE / "WIRING.md"
GLOSSARY: Final = ROOT / "tosca_kiosk/GLOSSARY.md"
DECISIONS: Final = ROOT / "tosca_kiosk/DECISIONS.md"
SCREENS: Final = ROOT / "tosca_kiosk/kiosk/SCREENS.md"
SCHEMA: Final = ROOT / "tosca_kiosk/storage/SCHEMA.md"
SURPRISES: Final = ROOT / "tests/storage/test_dataset_surprises.py"

TOP_LEVEL: Final = ("tosca_kiosk", "simulators", "hardware", "tests", "configs", "benchmarks", ".github")
ELSEWHERE: Final = (
    "DESIGN.md",
    "DESIGN's",
    "protocol page",
    "schema document",
    "the design's table",
    "REFERENCE.md",
    "STYLE.md",
    "UI.md",
    "database_schema.md",
    "hardware_notes",
    "measurements.md",
    "ring_classes",
    "../shared",
    "shared/protocols",
    "shared/seed",
)
"""Documents that the repository was made from and does not hold: what they say stands in its own papers."""
SOURCES: Final = (".md", ".py", ".kv", ".yaml", ".toml", ".cpp", ".hpp", ".c", ".h", ".sh", ".sql")


def _files(*suffixes: str) -> list[Path]:
    """Return the repository's files with these endings, but this one, which names what is forbidden."""
    below = [path for folder in TOP_LEVEL for path in (ROOT / folder).rglob("*")]
    found = [path for path in (*ROOT.iterdir(), *below) if path.suffix in suffixes and path.is_file()]
    return sorted(path for path in found if path.name != Path(__file__).name)


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _prose(text: str) -> str:
    """Return a paper without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _links(text: str) -> list[str]:
    """Return the targets of links and pictures that lead into the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", _prose(text))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _anchors(text: str) -> set[str]:
    """Return the anchors of a paper's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _prose(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _repository_paths(text: str) -> list[str]:
    """Return what stands in code marks and begins with a folder of the top level; patterns are none."""
    words = [words[0] for span in re.findall(r"`([^`]+)`", _prose(text)) if (words := span.split())]
    return [
        word.rstrip(":,") for word in words if word.split("/")[0] in TOP_LEVEL and not set("<*{") & set(word)
    ]


PAPERS: Final = _files(".md")


def test_links_and_paths_are_found() -> None:
    text = "See [one](a.md#b-c) and `tests/project`, not [two](https://there) or `*.py`.\n```\n[x](y)\n```\n"
    assert _links(text) == ["a.md#b-c"]
    assert _repository_paths(text) == ["tests/project"]
    assert _anchors("# One: two, and `three`\n") == {"one-two-and-three"}


@pytest.mark.parametrize("paper", PAPERS, ids=_named)
def test_a_link_leads_to_something_that_is_there(paper: Path) -> None:
    for target in _links(_text(paper)):
        name, _, anchor = target.partition("#")
        led_to = (paper.parent / name).resolve() if name else paper
        assert led_to.exists(), f"{target}: there is no such file"
        assert led_to.is_relative_to(ROOT), f"{target}: leads out of the repository"
        if anchor:
            assert anchor in _anchors(_text(led_to)), f"{target}: there is no such heading"


@pytest.mark.parametrize("paper", PAPERS, ids=_named)
def test_a_path_that_a_paper_names_is_there(paper: Path) -> None:
    assert [path for path in _repository_paths(_text(paper)) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("paper", PAPERS, ids=_named)
def test_a_benchmark_that_a_paper_names_is_there(paper: Path) -> None:
    for module in re.findall(r"python -m\s+(benchmarks(?:\.\w+)+)", _text(paper)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{module}: not there"


@pytest.mark.slow
def test_nothing_cites_a_document_that_is_not_here() -> None:
    cited = re.compile("|".join(rf"(?<![\w/-]){re.escape(name)}" for name in ELSEWHERE))
    found = [
        f"{_named(path)}: {match[0]}" for path in _files(*SOURCES) for match in cited.finditer(_text(path))
    ]
    assert found == []


def _pin(port: str, bit: str) -> str:
    """Return an Arduino's name for a pin of the ATmega328P."""
    return {"B": f"D{int(bit) + 8}", "C": f"A{bit}", "D": f"D{bit}"}[port]


def _pins_of_the_firmware() -> dict[str, str]:
    """Return the pins that the firmware uses, by the names that it gives them."""
    board, accelerometer = (_text(FIRMWARE / name) for name in ("board.cpp", "accelerometer.cpp"))
    digital = re.findall(r"uint8_t (k\w+) = _BV\((?:PIN|PORT)([BCD])(\d)\)", board)
    analogue = re.findall(r"DIDR0 = _BV\(ADC(\d)D\)", board)
    i2c = re.findall(r"_BV\(PORTC(\d)\)", accelerometer)
    pins = {name: _pin(port, bit) for name, port, bit in digital}
    pins |= {f"ADC{bit}D": _pin("C", bit) for bit in analogue}
    return pins | {f"PORTC{bit}": _pin("C", bit) for bit in i2c}


def test_the_wiring_names_the_firmwares_pins() -> None:
    rows = re.findall(r"^\| (\w+) \| P(\w)(\d) \| `(\w+)` \|", _text(WIRING), flags=re.MULTILINE)
    assert {name: pin for pin, _, _, name in rows} == _pins_of_the_firmware()
    assert [pin for pin, *_ in rows] == [_pin(port, bit) for _, port, bit, _ in rows]


def test_the_schema_is_described_whole() -> None:
    described = re.findall(r"^\| `(\w+)` \|", _text(SCHEMA), flags=re.MULTILINE)
    made = [name for kind, name in schema.expected_objects() if kind in ("table", "view")]
    assert sorted(described) == sorted([*made, *schema.revisions()])


def test_the_sizes_of_the_screens_are_those_of_the_tokens() -> None:
    (tokens,) = SCREENS.parent.rglob("tokens.py")
    values = dict(re.findall(r"^(\w+_MM) = ([\d.]+)$", _text(tokens), flags=re.MULTILINE))
    told = re.findall(r"\| ([\d.]+) \| `(\w+_MM)` \|", _text(SCREENS))
    assert {name: value for value, name in told} == {name: values[name] for _, name in told} != {}


def test_each_surprise_of_the_library_has_its_test() -> None:
    told = re.findall(r"\| `(test_\d\d)` \|$", _text(DECISIONS), flags=re.MULTILINE)
    assert told == re.findall(r"^def (test_\d\d)_", _text(SURPRISES), flags=re.MULTILINE) != []


def test_the_glossary_names_packages_that_are_there() -> None:
    homes = re.findall(r"^\| \*\*.*\| ([^|]*) \|$", _text(GLOSSARY), flags=re.MULTILINE)
    packages = {name for home in homes for name in re.findall(r"`(\w+)`", home)}
    assert {
        name for name in packages if not any((ROOT / top / name).is_dir() for top in (".", "tosca_kiosk"))
    } == set()
    assert len(homes) > 50
