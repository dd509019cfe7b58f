"""One figure is shown one way: in the JSON, on the terminal, on the page and in a comparison."""

import re
from html.parser import HTMLParser

import pytest

from tests.timing.timing_run_made import made_run
from tosca_kiosk.config import TimingLimits
from tosca_kiosk.timing import report
from tosca_kiosk.timing.page import page
from tosca_kiosk.timing.samples import COLUMNS, PARTS
from tosca_kiosk.timing.text import text

SPREAD = ("p50", "p99", "p999", "max")
OLD = made_run(seed=1, late_us=12.0, witness_us=8.0, missed_at=(300,))
# A machine that was busier, one wake-up over a second late, and a load before whose end nothing is alike.
NEW = made_run(seed=2, late_us=83.0, witness_us=60.0, part_us=41.0, missed_at=(500, 900))
NEW.rows[40, COLUMNS.index("late")] = 1_234_567_890


@pytest.fixture(scope="module")
def old():
    return report.make(OLD, TimingLimits(), None)


@pytest.fixture(scope="module")
def new(old):
    return report.make(NEW, TimingLimits(), old) | {"files": {"html": "timing.html"}}


class Cells(HTMLParser):
    """The texts of each table's rows."""

    def __init__(self, html):
        super().__init__()
        self.tables = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._inside = True

    def handle_endtag(self, tag):
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self._inside:
            self.tables[-1][-1][-1] += data


def rows_of(told):
    """Return the figures of a report by the name of their row, from its documented keys."""
    rows = {
        "lateness (us)": told["late_us"],
        "lateness of cyclictest (us)": told["witness"],
        "tick (us)": told["tick_us"],
    }
    rows |= {f"tick: {part} (us)": told["parts_us"][part] for part in PARTS}
    return {name: [f"{row[part]:.1f}" for part in SPREAD] for name, row in rows.items()}


def test_the_page_shows_the_figures_of_the_json(old, new):
    _, _, figures, *_ = Cells(page(NEW, new)).tables
    shown = {name: cells for name, *cells in figures}
    assert {name: shown[name] for name in rows_of(new)} == rows_of(new)


def test_the_terminal_shows_the_rows_and_figures_of_the_page(old, new):
    _, _, figures, *_ = Cells(page(NEW, new)).tables
    lines = [re.split(r" {2,}", line.strip()) for line in text(new).splitlines()]
    for row in figures[1:]:
        assert row in lines


def test_a_comparison_shows_what_either_report_shows(old, new):
    then, now = rows_of(old), rows_of(new)
    _, compared, *_ = Cells(page(NEW, new)).tables
    shown = {name: [cell.removesuffix(" worse") for cell in cells] for name, *cells in compared}
    lines = [re.split(r" {2,}", line.strip()) for line in text(new).splitlines()]
    for name in now:
        assert shown[name] == [f"{a} to {b}" for a, b in zip(then[name], now[name], strict=True)]
        at = lines.index([name, *then[name], "then"])
        assert lines[at + 1][:4] == now[name]


def test_the_comparison_of_the_json_has_them_too(old, new):
    found = {(each["figure"], each["part"]): (each["old"], each["new"]) for each in new["compared"]}
    for part in SPREAD:
        assert found["lateness", part] == (old["late_us"][part], new["late_us"][part])
        assert found["tick", part] == (old["tick_us"][part], new["tick_us"][part])
    assert found["missed periods", ""] == (2.0, 4.0)


def test_the_verdict_shows_the_values_of_the_figures(new):
    found = {each["what"]: each["value"] for each in new["judged"]}
    for part in ("p50", "p99"):
        assert found[f"lateness {part}, times the witness's"] == new["late_of_witness"][part]
        assert found[f"tick {part}, of its period"] == new["tick_percent"][part]


def test_no_number_is_shown_with_an_exponent(new):
    for shown in (page(NEW, new), text(new)):
        assert "1234567.9" in shown
        assert not re.search(r"\de[+-]\d", shown)


def test_a_missed_period_that_is_not_told_one_by_one_is_counted(new):
    run = made_run(missed_at=range(3, 1600, 4))
    told = report.make(run, TimingLimits(), None)
    assert told["missed"] == 800
    assert "first 400" in page(run, told)
