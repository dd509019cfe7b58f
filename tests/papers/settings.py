"""Every key of system_config: its range, who reads it, what it does and since when a change holds."""

from __future__ import annotations

from tests.papers.tables import paper as whole
from tests.papers.tables import table
from tosca_kiosk.domain.setting_table import IDLE_WITHIN_S, SETTINGS, Holds, Setting
from tosca_kiosk.domain.site_limits import ORDERED, ROOM_S

TESTED = "tests/e2e/test_settings_govern.py"


def _number(value: float | int | str | None, unit: str) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return f"`{value}`"
    return f"{value:g} {unit}".rstrip()


def _row(row: Setting) -> tuple[str, ...]:
    reader = f"`{row.reader}`" if row.reader else ""
    return f"`{row.key}`", str(row.kind), row.range_text, _number(row.default, row.unit), row.does, reader


def _of(holds: Holds) -> str:
    heads = ("key", "type", "allowed", "without a row", "what it does", "read by")
    return table(heads, (_row(row) for row in SETTINGS.values() if row.holds is holds))


def paper() -> str:
    """Print SETTINGS.md."""
    ordered = ", and ".join(f"`{lower}` under `{upper}`" for lower, upper in ORDERED)
    return whole(
        "Settings",
        "The keys of `system_config`; there are no others, and a row of another key governs nothing and is "
        "told of as such. `tosca-kiosk config list` shows what this record says, `config set KEY VALUE "
        "--reason TEXT --tech USERNAME` changes it, `config history KEY` tells who changed it, when and why. "
        "A key without a row is at the design's value, and a limit can only be tightened. A session keeps "
        "what it was opened with: a change while one is open holds from the next. "
        f"`{TESTED}` changes each key and sees what does otherwise then.",
        "## Limits",
        "They hold in every session from the next on, and on the idle cart, its self-test included, within "
        f"{IDLE_WITHIN_S:g} s: control asks the record for them at its start, after each session and this "
        "often while idle. A factor has no unit. Two of them leave time between: "
        f"{ordered}, each by {ROOM_S:g} s or more; what does not is refused.",
        _of(Holds.CART),
        "## From the next session",
        _of(Holds.NEXT),
        "## With the camera",
        "Nothing reads these yet.",
        _of(Holds.CAMERA),
    )
