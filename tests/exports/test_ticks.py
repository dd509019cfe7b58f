"""Every tick of a journal as a row: what control had and decided, of as much of the journal as is proved."""

from __future__ import annotations

import json

import pytest

from benchmarks.rigs.recorded_cart import header, treated
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.domain.replay import decide_again
from tosca_kiosk.exports.ticks import TICKS, rows


@pytest.fixture(scope="module")
def cart():
    return treated()


def named(row):
    return dict(zip(TICKS.names, row, strict=True))


def test_a_row_is_what_the_tick_had_and_decided(cart):
    lines = list(ChainReader(b"".join(cart.lines)).ticks_json())
    found = [named(row) for row in rows(header(), lines)]
    assert len(found) == len(cart.states) == len(lines)
    for row, state in zip(found, cart.states, strict=True):
        assert (row["phase"], row["beam"]) == (state.phase, state.beam)
        assert (row["power_commanded_w"], row["power_measured_w"]) == (state.command_w, state.measured_w)
        assert (row["measured_energy_j"], row["time_s"]) == (state.measured_j, state.now_s)
    (_, decision), row = next(
        pair for pair in zip(decide_again(ChainReader(b"".join(cart.lines))), found, strict=True)
        if pair[1]["beam"] == "emitting"
    )  # fmt: skip
    assert row["asked_current_ma"] == decision.outputs.laser_current_ma
    assert row["ring_diameter_mm"] == pytest.approx(3.0)
    assert row["pedal_pressed"] is row["gate_closed"] is row["laser_output_on"] is True


def test_what_the_present_rules_decide_otherwise_is_unknown_from_there_on(cart):
    lines = [json.loads(line) for line in ChainReader(b"".join(cart.lines)).ticks_json()]
    lines[100]["o"][1] += 1.0  # as if older rules had asked for another current
    found = [named(row) for row in rows(header(), (json.dumps(line).encode() for line in lines))]
    assert all(row["phase"] is not None for row in found[:100])
    assert all(row["phase"] is row["power_commanded_w"] is row["faults"] is None for row in found[100:])
    assert all(row["photodiode_v"] is not None for row in found[100:])


def journal_of(record_dir, number):
    [path] = record_dir.glob(f"sessions/{number}_*/journal.jsonl")
    return path


def ticks_of(folder):
    lines = (folder / "ticks.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["session_id"] for line in lines]


@pytest.mark.parametrize(
    ("spoil", "said", "left"),
    [
        (lambda lines: lines[:50], "it is cut after 49 ticks; 49 of", 49),
        (lambda lines: [*lines[:50], lines[60], *lines[51:]], "line 51: changed", 49),
        (lambda lines: [lines[0].replace(b"sim", b"rea"), *lines[1:]], "line 1: the header is not", 0),
        (lambda _: treated(header(session_id=2)).lines, "is not the recorded one", 0),
        (lambda _: None, "cannot be read (No such file", 0),
    ],
)  # fmt: skip
def test_of_a_damaged_journal_what_is_proved_is_written_and_said(record_dir, exported, spoil, said, left):
    path = journal_of(record_dir, 2)
    lines = spoil(path.read_bytes().splitlines(keepends=True))
    path.unlink()
    if lines is not None:
        path.write_bytes(b"".join(lines))
    folder, done = exported(1, 2, data_dir=record_dir, format_name="jsonl", full_rate=True)
    assert ticks_of(folder).count(2) == left
    assert ticks_of(folder).count(1) > 100
    [note] = done.notes
    assert note.startswith("session 2: ")
    assert said in note
