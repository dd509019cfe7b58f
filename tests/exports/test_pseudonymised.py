"""A pseudonymised export names nobody, repeats no text that was typed, and calls the same person the same."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.exports.conftest import MARKS
from tosca_kiosk.exports.formats import FORMATS
from tosca_kiosk.exports.reduced import KEY_NAME, reduced_json
from tosca_kiosk.session import RefusedError


def everything(folder: Path) -> str:
    """Return all names, contents and metadata of an export's files as one text."""
    told = []
    for path in folder.rglob("*"):
        told.append(path.name)
        content = path.read_bytes()
        told.append(content.decode("utf-8", "replace"))
        if path.suffix == ".parquet":
            read = pyarrow.parquet.read_table(path)
            told += [json.dumps(read.to_pylist(), default=str), str(read.schema)]
    return "\n".join(told)


@pytest.mark.parametrize("format_name", FORMATS)
def test_nobody_and_nothing_that_was_typed_stands_in_it(record_dir, exported, format_name):
    options = {"data_dir": record_dir, "format_name": format_name, "full_rate": True}
    plain, _ = exported(1, 2, 3, to="plain", **options)
    folder, done = exported(1, 2, 3, pseudonymised=True, **options)
    shown, told = everything(plain), everything(folder)
    assert all(mark in shown for mark in MARKS)
    assert [mark for mark in MARKS if mark in told] == []
    assert not re.search(r"20\d\d-\d\d-\d\d", told)
    assert str(record_dir) not in told
    assert [file.table for file in done.files] == [
        "sessions", "treatment_events", "safety_events", "deviations", "energies", "ticks"
    ]  # fmt: skip
    assert not (folder / f"amendments.{format_name}").exists()


def sessions_of(folder):
    return [json.loads(line) for line in (folder / "sessions.jsonl").read_text("utf-8").splitlines()]


def test_the_same_person_has_the_same_pseudonym_in_every_export(record_dir, exported):
    options = {"data_dir": record_dir, "format_name": "jsonl", "pseudonymised": True}
    first, made = exported(1, 3, to="first", **options)
    second, again = exported(2, to="second", **options)
    one, other = sorted(sessions_of(first), key=lambda row: row["patient_gender"] is None)
    [later] = sessions_of(second)
    assert one["patient"] == later["patient"] != other["patient"]
    assert one["technician"] == other["technician"] == later["technician"]
    assert one["protocol_name"].startswith("protocol_")
    assert (one["start_day"], later["start_day"]) == (0, 30)
    assert (one["patient_gender"], other["patient_gender"]) == ("female", None)
    assert made.key_made == record_dir / KEY_NAME
    assert again.key_made is None
    assert (record_dir / KEY_NAME).stat().st_mode & 0o777 == 0o600


def test_no_number_of_the_record_stands_in_it_nor_its_order(record_dir, exported):
    (next(record_dir.glob("sessions/2_*")) / "journal.jsonl").unlink()
    options = {"data_dir": record_dir, "format_name": "jsonl", "full_rate": True, "pseudonymised": True}
    folder, done = exported(1, 2, 3, **options)
    assert [note.partition(":")[0] for note in done.notes] == ["session 2"]
    schema = json.loads((folder / "schema.json").read_text("utf-8"))
    numbers = [row["session_id"] for row in sessions_of(folder)]
    assert numbers == sorted(numbers)
    assert min(numbers) > 3
    assert [one["session_id"] for one in schema["journals"]] == numbers
    assert [int(note.split()[1].rstrip(":")) in numbers for note in schema["notes"]] == [True]
    for path in folder.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert {row["session_id"] for row in rows} <= set(numbers)
        assert not {"event_id", "log_id"} & rows[0].keys()
    again, _ = exported(2, to="again", **options)
    assert {sessions_of(again)[0]["session_id"]} < set(numbers)


def test_another_site_gives_another_pseudonym(record_dir, made_once, tmp_path, exported):
    elsewhere = shutil.copytree(made_once, tmp_path / "elsewhere")
    here, _ = exported(1, data_dir=record_dir, to="here", format_name="jsonl", pseudonymised=True)
    there, _ = exported(1, data_dir=elsewhere, to="there", format_name="jsonl", pseudonymised=True)
    assert sessions_of(here)[0]["patient"] != sessions_of(there)[0]["patient"]


@pytest.mark.parametrize(("content", "mode"), [("00" * 32, 0o640), ("nonsense", 0o600), ("", 0o600)])
def test_a_key_that_others_may_read_or_that_is_none_is_refused(record_dir, exported, content, mode):
    (record_dir / KEY_NAME).write_text(content)
    (record_dir / KEY_NAME).chmod(mode)
    with pytest.raises(RefusedError, match=KEY_NAME):
        exported(1, data_dir=record_dir, format_name="csv", pseudonymised=True)


def test_a_key_that_a_killed_export_was_making_is_taken_away(record_dir, exported):
    left = record_dir / f".{KEY_NAME}.123.part"
    left.write_text("00")
    exported(1, data_dir=record_dir, format_name="csv", pseudonymised=True)
    assert [path.name for path in record_dir.iterdir() if KEY_NAME in path.name] == [KEY_NAME]


def test_of_json_numbers_and_known_words_stay():
    held = '{"old_value": 5.0, "action": "x y", "user": "tech01", "steps": [{"ramp_type": "linear"}]}'
    assert reduced_json(held) == '{"old_value":5.0,"action":null,"steps":[{"ramp_type":"linear"}]}'
    assert reduced_json("no JSON of Jane") is None
    assert reduced_json('"Jane"') == "null"
