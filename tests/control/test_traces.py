"""Wire traces: saved with every fault, never in the way of a tick, of the record or of the treatment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import Bench, bench
from hardware.trace import WireTrace
from tosca_kiosk.control.traces import fault_trace
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.journal import fault_traces as traces
from tosca_kiosk.journal.fault_traces import FaultTrace, IdleTraces, SessionTraces

LINE = re.compile(r" *(?P<s>-?\d+\.\d{6}) (?P<port>board|laser|stage|tec) *(?P<way>[<>!]) (?P<text>.+)")


@pytest.fixture(scope="module")
def cart() -> Iterator[Bench]:
    with bench() as cart:
        cart.run(cart.operator.prepare())
        yield cart


def treat_until_fault(cart: Bench, folder: Path, path_of_fault: str) -> None:
    """Emit for half a second, let the fault happen, and close the session."""
    cart.open(folder, constant(5.0, 60.0))
    script = cart.operator.treat()
    cart.run_until_script(script, lambda: cart.controller.state.beam is Beam.EMITTING)
    cart.wait(0.5)
    if path_of_fault == "stop_loop":
        cart.world.stop_loop.press()
    else:
        cart.world.photodiode.blocked = True
    cart.run_until(lambda: cart.controller.state.phase is Phase.FAULT, within_s=2.0)
    cart.world.stop_loop.reset()
    cart.world.photodiode.blocked = False
    cart.run(script)
    cart.controller.end_session()


def acknowledge(cart: Bench) -> None:
    """Reset the fault, as a supervisor would, so that the next test finds an idle cart."""
    cart.world.pedal.release()
    for _ in range(2):
        cart.wait(0.5)
        cart.controller.submit(Command(0, CommandType.ACKNOWLEDGE, "supervisor"))
    cart.run_until(lambda: cart.controller.state.phase is Phase.IDLE, within_s=2.0)


@pytest.mark.parametrize(
    ("fault", "source"), [("photodiode", "photodiode_out_of_range"), ("stop_loop", "stop_loop")]
)
def test_a_fault_leaves_the_last_seconds_of_every_port_beside_the_journal(
    cart: Bench, tmp_path: Path, fault: str, source: str
) -> None:
    treat_until_fault(cart, tmp_path, fault)
    acknowledge(cart)
    (saved,) = (tmp_path / "traces").iterdir()
    seconds, named = saved.stem.split("_", 1)
    assert named == source
    heading, times, *lines = saved.read_text(encoding="utf-8").splitlines()
    assert heading.startswith(f"# {source}: ")
    assert f"latched at {float(seconds):.3f}" in times
    rows = [LINE.fullmatch(line) for line in lines]
    assert all(rows), [line for line, row in zip(lines, rows, strict=True) if row is None]
    found = [row.groupdict() for row in rows if row is not None]
    assert {row["port"] for row in found} == {"board", "laser", "stage", "tec"}
    at_s = [float(row["s"]) for row in found]
    assert at_s == sorted(at_s)
    assert at_s[-1] == pytest.approx(float(seconds), abs=0.001)
    last_tick = [row for row, s in zip(found, at_s, strict=True) if s > at_s[-1] - 0.001]
    sent = [(row["port"], row["text"]) for row in last_tick if row["way"] == ">"]
    assert ("laser", r"LAS:OUT 0\r") in sent
    assert any(port == "board" and re.match(r"\$HB,\d+,0\*", text) for port, text in sent), sent


def test_a_disk_that_takes_no_trace_disturbs_neither_treatment_nor_record(
    cart: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "traces").write_text("a file where the folder should be", encoding="utf-8")
    treat_until_fault(cart, tmp_path, "stop_loop")
    assert cart.controller.state.abort_reason is not None
    assert cart.controller.state.abort_reason.startswith("stop_loop")
    acknowledge(cart)
    assert (tmp_path / "journal.jsonl").read_bytes().count(b'"summary"') == 1
    assert "stop_loop: no wire trace" in caplog.text


def test_a_session_without_a_fault_leaves_no_traces(cart: Bench, tmp_path: Path) -> None:
    cart.open(tmp_path, constant(2.0, 0.5))
    cart.run(cart.operator.treat())
    cart.controller.end_session()
    assert cart.controller.state.finished
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


def fault_at(seconds: float) -> FaultTrace:
    trace = WireTrace(lambda: seconds)
    trace.sent(b"LAS:OUT 0\r")
    return FaultTrace("test", "A test.", seconds, 0.0, (("laser", trace.snapshot()),))


def test_a_session_keeps_its_first_traces_and_a_bounded_number(tmp_path: Path) -> None:
    with closing(SessionTraces(tmp_path)) as kept:
        for number in range(traces.MOST_OF_A_SESSION + 5):
            kept.keep_trace(fault_at(float(number)))
    names = sorted(path.name for path in (tmp_path / "traces").iterdir())
    assert names[0] == "000000.000_test.txt"
    assert len(names) == traces.MOST_OF_A_SESSION


def test_bytes_are_escaped_and_notes_are_said(tmp_path: Path) -> None:
    trace = WireTrace(lambda: 2.0)
    trace.note("opened sim://laser at 38400 baud")
    trace.received(b"1\r\n\xff\x00")
    *_, note, received = FaultTrace("test", "A test.", 2.0, 1.5, (("laser", trace.snapshot()),)).lines()
    assert note == "    0.500000 laser ! opened sim://laser at 38400 baud"
    assert received == r"    0.500000 laser < 1\r\n\xff\x00"


def test_a_snapshot_does_not_change_with_the_port() -> None:
    trace = WireTrace(lambda: 1.0)
    trace.sent(b"before")
    snapshot = trace.snapshot()
    trace.sent(b"after")
    assert [entry.data for entry in snapshot] == [b"before"]


def test_a_fault_without_a_session_leaves_its_trace_with_the_data(
    cart: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(IdleTraces(tmp_path / "traces")) as idle, monkeypatch.context() as patched:
        patched.setattr(cart.controller, "_idle_traces", idle)
        cart.controller.submit(Command(1, CommandType.STOP))
        cart.wait(0.05)
        assert cart.controller.state.faults == ("screen",)
    acknowledge(cart)
    (saved,) = (tmp_path / "traces").iterdir()
    assert saved.name.endswith("_screen.txt")
    assert "LAS:OUT?" in saved.read_text(encoding="utf-8")


def test_old_traces_without_a_session_make_room_for_new_ones(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(traces, "MOST_WITHOUT_SESSION", 2)
    for number in range(3):
        with closing(IdleTraces(tmp_path)) as idle:
            idle.keep_trace(fault_at(float(number)))
    saved = sorted(tmp_path.iterdir())
    assert [path.read_text().splitlines()[1][:22] for path in saved] == [
        "# latched at 1.000000 ",
        "# latched at 2.000000 ",
    ]


def test_a_trace_by_a_wrong_wall_clock_is_not_the_one_that_makes_room(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(traces, "MOST_WITHOUT_SESSION", 2)
    (tmp_path / "20260301T101010_123456_screen.txt").write_text("from before they were numbered")
    for year, latched_s in ((2043, 1.0), (1970, 2.0), (1971, 3.0)):
        monkeypatch.setattr(traces, "utc_now", lambda year=year: datetime(year, 1, 1, tzinfo=UTC))
        with closing(IdleTraces(tmp_path)) as idle:
            idle.keep_trace(fault_at(latched_s))
    latched = {path.read_text().splitlines()[1][:22] for path in tmp_path.iterdir()}
    assert latched == {"# latched at 2.000000 ", "# latched at 3.000000 "}


def test_what_latches_nothing_saves_nothing(cart: Bench) -> None:
    warning = SafetyEvent(
        "photodiode_out_of_range", "warning", "Off.", "treating", "on", True, True, 2.5, "none", {}
    )
    assert fault_trace(cart.controller.devices, (warning,), 1.0, 0.0) is None
