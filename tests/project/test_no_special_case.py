"""No driver, safety or treatment code may know whether its device is simulated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in (
        "hardware",
        "tosca_kiosk/domain",
        "tosca_kiosk/control",
        "tosca_kiosk/journal",
        "tosca_kiosk/link",
    )
    for path in (ROOT / folder).rglob("*.py")
)
# The label itself: where an origin is made from a URL, declared or copied into a record.
LABEL_ONLY = {"hardware/interfaces.py", "hardware/transport.py", "hardware/cameras/opencv.py"}
ASKS = re.compile(r"(Origin\.SIM|sim://|\bis_simulated\b|\borigin\s*(==|!=|is|in)\b)")


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_asks_whether_it_is_simulated(path: Path) -> None:
    if str(path.relative_to(ROOT)) in LABEL_ONLY:
        pytest.skip("declares the label")
    code = re.sub(r'""".*?"""|#[^\n]*', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not ASKS.search(code)
