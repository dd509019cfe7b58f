"""`sessions report` as a user calls it: the paper, its anchor against the record, and every refusal."""

from __future__ import annotations

import stat
from hashlib import sha256

import pytest

from tests.cli.kiosk_command import Cart
from tests.cli.small_disk import small_disk
from tests.reports import recorded
from tests.reports.recorded import Recorded, Report


@pytest.fixture(scope="module")
def treated_once(tmp_path_factory):
    made = Recorded(tmp_path_factory.mktemp("treated"))
    made.session(recorded.completed, origin="sim")
    return Cart(made.data_dir)


def test_the_anchor_on_paper_is_one_from_which_the_record_goes_on(treated_once, tmp_path):
    paper = tmp_path / "report.pdf"
    answer = treated_once.json("sessions", "report", "1", "--to", str(paper))
    content = paper.read_bytes()
    assert answer == {
        "session_id": 1,
        "to": str(paper),
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    assert stat.S_IMODE(paper.stat().st_mode) == 0o640
    anchor = tmp_path / "anchor.txt"
    anchor.write_text(Report(content).code + "\n")
    checked = treated_once.json("db", "check", "--anchor", str(anchor))
    assert checked["ok"]
    assert checked["anchors"]["lines"] == 1
    assert checked["anchors"]["up_to_link"] == checked["signed"]["up_to_link"]


@pytest.mark.process
def test_another_process_makes_the_same_bytes(treated_once, tmp_path):
    ours, theirs = tmp_path / "ours.pdf", tmp_path / "theirs.pdf"
    treated_once.text("sessions", "report", "1", "--to", str(ours))
    elsewhere = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANG": "C"}
    done = treated_once.process("sessions", "report", "1", "--to", str(theirs), env=elsewhere)
    assert done.returncode == 0, done.stderr
    assert ours.read_bytes() == theirs.read_bytes()


def test_what_cannot_be_written_is_refused_and_nothing_is_left(treated_once, tmp_path):
    taken = tmp_path / "taken.pdf"
    taken.write_bytes(b"theirs")
    missing = tmp_path / "no" / "report.pdf"
    for words, said in (
        (("1", "--to", str(taken)), f"{taken}: is there already; nothing was written; name a new file"),
        (
            ("1", "--to", str(missing)),
            f"{missing}: there is no folder {missing.parent}; make the folder first",
        ),
        (("9", "--to", str(tmp_path / "new.pdf")), "no session has the number 9"),
    ):
        assert treated_once.refused("sessions", "report", *words).startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.pdf"]
    assert taken.read_bytes() == b"theirs"


@pytest.mark.process
def test_a_full_stick_takes_no_half_report(treated_once, tmp_path):
    with small_disk(tmp_path / "stick") as stick:
        stick.fill()
        paper = stick.path / "report.pdf"
        refusal = treated_once.refused("sessions", "report", "1", "--to", str(paper))
        assert refusal == (
            f"{paper}: it was not written (No space left on device), nothing is left of it; make "
            "room on that disk"
        )
        assert not [path for path in stick.path.iterdir() if "report" in path.name]


def test_an_open_session_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    made = Recorded(tmp_path / "data")
    made.session(recorded.without_light, close=False)
    refusal = Cart(made.data_dir).refused("sessions", "report", "1", "--to", str(tmp_path / "report.pdf"))
    assert "session 1 is still open" in refusal
    assert not (tmp_path / "report.pdf").exists()
