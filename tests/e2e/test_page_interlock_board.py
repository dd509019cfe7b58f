"""The WIRE.md of the interlock board, sentence by sentence, by a client that knows nothing else.

The board's own milliseconds measure: what is told at once carries the time of its edge. They pass while the
client waits: a machine that holds either side back for 250 ms would make the board see a silent host.
"""

import contextlib
import itertools

import pytest

from tests.e2e.page_bench import Wire, paced_cart, served_cart, until
from tests.e2e.page_board import (
    ACCELEROMETER,
    ACCELEROMETER_LOST,
    AIMING,
    ALIVE,
    GATE,
    HEALTHY,
    MOTOR,
    PEDAL,
    RESTARTED,
    SILENT,
    STOP_CLOSED,
    STOP_OPENED,
    STUCK_OPEN,
    VIBRATION_LOST,
    WANTED,
    WELDED,
    WIRING,
    Board,
    crc,
    framed,
)


@pytest.fixture(scope="module")
def cart():
    with paced_cart() as cart:
        yield cart


@pytest.fixture(scope="module")
def terminal(cart):
    with contextlib.closing(Board(cart.ports["board"], cart.pass_time)) as terminal:
        yield terminal


WHOLE = {
    "stop_loop__closed": True,
    "smoothing__strength": 1,
    "smoothing__accelerometer_present": True,
    "pedal__nc_contact": "ok",
    "gate__welded": False,
    "gate__stuck_open": False,
}


def calm(board: Board, cart) -> None:
    """Bring the board to rest: no faults, pedal released, heartbeat without want, motor off."""
    board.beat(0)
    cart.turn(pedal__pressed=False, **WHOLE)
    board.until_flags({STOP_CLOSED, ALIVE}, {PEDAL, GATE, WANTED})
    assert [board.ask("MO,1,0"), board.ask("AI,3,0")] == ["OK,1", "OK,3"]
    until(lambda: board.ask("CL,2"), lambda answer: answer == "OK,2")
    board.until_flags(set(), {MOTOR, AIMING})


@pytest.fixture
def board(cart, terminal):
    calm(terminal, cart)
    return terminal


def close_gate(board: Board, cart) -> None:
    """Close the gate: alive and wanted, pedal, stop loop, motor and vibration as they must be."""
    assert board.ask("MO,1,127") == "OK,1"
    board.until_flags({MOTOR, HEALTHY})
    cart.turn(pedal__pressed=True)
    board.until_flags({PEDAL})
    board.beat(1)
    board.until_flags({GATE, WANTED})


ANSWERS = {
    "MO,1,0": "OK,1", "MO,2,153": "OK,2", "MO,3,154": "ER,3,2", "MO,4,-1": "ER,4,2", "MO,5,x": "ER,5,2",
    "MO,6,0": "OK,6", "AI,7,1": "OK,7", "AI,8,2": "ER,8,2", "AI,0,0": "OK,0", "VT,9,50": "OK,9",
    "VT,10,49": "ER,10,2", "VT,11,2000": "OK,11", "VT,12,2001": "ER,12,2", "VT,65535,800": "OK,65535",
    "CL,13": "OK,13", "XX,14": "ER,14,1", "id,15": "ER,15,1",
}  # fmt: skip


def test_the_pages_check_value():
    assert crc(b"123456789") == b"29B1"


def test_a_command_is_answered_with_its_number(board):
    """Error codes: 1 unknown command, 2 value out of range."""
    assert {command: board.ask(command) for command in ANSWERS} == ANSWERS


def test_an_identity_names_protocol_firmware_and_serial(board):
    kind, number, name, *rest = board.ask("ID,65535").split(",")
    assert (kind, number, name, len(rest)) == ("ID", "65535", "TOSCA-IL", 3)


@pytest.mark.process
def test_the_program_serves_the_same_board(board, tmp_path):
    with served_cart(tmp_path) as cart, contextlib.closing(Board(cart.ports["board"])) as served:
        assert served.ask("ID,1") == board.ask("ID,1")
        assert ALIVE in served.until_flags({STOP_CLOSED, ALIVE}, {PEDAL, GATE, WANTED}).flags


DROPPED = [
    ("a wrong CRC", b"$MO,1,0*0000\n"),
    ("a CRC in lower case", b"$MO,2,0*" + crc(b"MO,2,0").lower() + b"\n"),
    ("no CRC", b"$MO,1,0\n"),
    ("no frame", b"MO,1,0\n"),
    ("an empty line", b"\n"),
    ("over 80 characters", framed("MO,1," + "0" * 71)),
    ("far over 80 characters", framed("MO,1," + "0" * 400)),
    ("a heartbeat has no answer", framed("HB,1,0")),
]


def test_of_more_questions_than_answers_fit_on_the_line_some_are_passed_over(board):
    """The page leaves it open; the firmware does what it can answer, and its statuses come all the same."""
    board.beating = False
    board.answers.clear()
    first = len(board.statuses)
    board.write(b"".join(framed(f"ID,{number}") for number in range(60)))
    board.for_ms(300)
    numbers = [int(answer.split(",")[1]) for answer in board.answers]
    assert numbers[:3] == [0, 1, 2]
    assert numbers == sorted(set(numbers))
    assert 12 <= len(numbers) <= 30
    told = board.statuses[first:]
    assert all((two.seq - one.seq) % 65536 == 1 for one, two in itertools.pairwise(told))
    assert {two.ms - one.ms for one, two in itertools.pairwise(told)} == {10}
    assert board.ask("AI,61,0") == "OK,61"


def test_what_is_no_line_is_dropped_without_an_answer(board):
    for what, data in DROPPED:
        assert board.answers_to(data) == [], what


def test_bytes_may_come_one_by_one_and_lines_several_at_once(board):
    board.beating = False
    board.answers.clear()
    for byte in framed("AI,3,0"):
        board.write(bytes([byte]))
        board.take_in()
    board.write(framed("AI,4,0") + framed("AI,5,0"))
    until(board.take_in, lambda _: len(board.answers) == 3)
    assert board.answers == ["OK,3", "OK,4", "OK,5"]


def test_the_status_comes_every_10_ms_with_the_next_number(board):
    statuses = board.for_ms(300)
    assert all((two.seq - one.seq) % 65536 == 1 for one, two in itertools.pairwise(statuses))
    assert {two.ms - one.ms for one, two in itertools.pairwise(statuses)} == {10}
    assert all(0 <= status.photodiode <= 1023 for status in statuses)


def test_vibration_is_told_anew_every_100_ms(board):
    board.ask("MO,1,127")
    statuses = board.for_ms(800)
    changes = [two.ms for one, two in itertools.pairwise(statuses) if one.vibration_mg != two.vibration_mg]
    assert len(changes) >= 3
    assert all(later - earlier >= 90 for earlier, later in itertools.pairwise(changes))


def test_an_edge_is_told_at_once(board, cart):
    """Between two statuses of the 10 ms rhythm, in the millisecond it happens."""
    cart.turn(stop_loop__closed=False)
    opened = board.until_flags(set(), {STOP_CLOSED})
    assert opened.faults == {STOP_OPENED}
    assert opened.ms - board.statuses[-2].ms <= 10
    cart.turn(stop_loop__closed=True)
    board.until_flags({STOP_CLOSED})


def test_aiming_and_motor_show_in_the_flags(board):
    board.ask("AI,1,1")
    board.until_flags({AIMING})
    board.ask("AI,1,0")
    board.until_flags(set(), {AIMING})
    board.ask("MO,1,127")
    assert ACCELEROMETER in board.until_flags({MOTOR}).flags


def test_the_host_is_alive_for_250_ms_after_its_last_heartbeat(board):
    board.beating = False
    board.until_flags(set(), {ALIVE})
    board.write(framed("HB,1,0"))
    alive_ms = board.until_flags({ALIVE}).ms
    silent = board.until_flags(set(), {ALIVE})
    assert 230 <= silent.ms - alive_ms <= 270
    assert not silent.faults


def test_silence_latches_fault_3_only_if_the_gate_was_wanted(board):
    board.beat(1)
    board.until_flags({WANTED})
    board.beating = False
    assert board.until_flags(set(), {ALIVE}).faults == {SILENT}
    board.beat(0)
    board.until_flags({ALIVE}, {WANTED})
    assert board.ask("CL,1") == "OK,1"
    assert not board.for_ms(20)[-1].faults


def test_the_gate_needs_500_ms_of_motor_and_three_whole_windows(board, cart):
    cart.turn(pedal__pressed=True)
    board.until_flags({PEDAL})
    board.beat(1)
    assert all(GATE not in status.flags for status in board.for_ms(300))
    board.ask("MO,1,127")
    motor_ms = board.until_flags({MOTOR}).ms
    healthy_ms = board.until_flags({HEALTHY}).ms
    closed = board.until_flags({GATE})
    assert healthy_ms - motor_ms >= 290
    assert closed.ms - motor_ms >= 490
    assert not closed.faults


@pytest.mark.parametrize("missing", ["pedal", "want", "motor", "stop loop"])
def test_the_gate_stays_open_while_one_is_missing(board, cart, missing):
    if missing != "motor":
        board.ask("MO,1,127")
        board.until_flags({HEALTHY})
    if missing == "stop loop":
        cart.turn(stop_loop__closed=False)
        board.until_flags(set(), {STOP_CLOSED})
    if missing != "pedal":
        cart.turn(pedal__pressed=True)
        board.until_flags({PEDAL})
    board.beat(int(missing != "want"))
    assert all(GATE not in status.flags for status in board.for_ms(600))


def test_a_wish_taken_back_and_given_again_in_one_write_opens_the_gate_and_closes_it(board, cart):
    """The page leaves it open; the firmware acts on each heartbeat, and on the read-back between them."""
    close_gate(board, cart)
    board.beating = False
    first = len(board.statuses)
    board.write(framed("HB,1,1") + framed("HB,2,0") + framed("HB,3,1"))
    board.for_ms(100)
    gates = [GATE in status.flags for status in board.statuses[first:]]
    assert [gate for gate, _ in itertools.groupby(gates)] == [True, False, True]
    assert not board.statuses[-1].faults


def test_a_press_counts_after_20_ms_and_a_release_at_once(board, cart):
    cart.turn(pedal__no_contact="closed", pedal__nc_contact="open")
    pressed_ms = board.statuses[-1].ms
    assert board.until_flags({PEDAL}).ms - pressed_ms >= 19
    cart.turn(pedal__nc_contact="ok")
    assert board.until_flags(set(), {PEDAL}).ms - board.statuses[-2].ms <= 10
    cart.turn(pedal__no_contact="ok")


def test_both_pedal_contacts_closed_for_50_ms_is_a_wiring_fault(board, cart):
    cart.turn(pedal__no_contact="closed")
    first_ms = board.statuses[-1].ms
    fault = until(board.status, lambda status: WIRING in status.faults)
    cart.turn(pedal__no_contact="ok")
    assert 50 <= fault.ms - first_ms <= 80


def test_the_vibration_threshold_decides_what_is_healthy(board):
    """800 mg by default; three windows over it, three under it."""
    board.ask("MO,1,127")
    board.until_flags({HEALTHY})
    assert board.statuses[-1].vibration_mg > 800
    assert board.ask("VT,2,2000") == "OK,2"
    board.ask("MO,3,76")
    lost = board.until_flags({MOTOR}, {HEALTHY})
    assert not lost.faults
    assert board.ask("VT,4,800") == "OK,4"


def test_release_and_want_0_open_the_gate_without_a_fault(board, cart):
    close_gate(board, cart)
    board.beat(0)
    assert not board.until_flags(set(), {GATE}).faults
    board.beat(1)
    board.until_flags({GATE})
    cart.turn(pedal__pressed=False)
    released_ms = board.until_flags(set(), {PEDAL}).ms
    opened = board.until_flags(set(), {GATE})
    assert opened.ms - released_ms <= 20  # the read-back contact follows within 20 ms
    assert not opened.faults


OPENED_BY = {
    "the emergency stop": ({"stop_loop__closed": False}, STOP_OPENED),
    "lost vibration": ({"smoothing__strength": 0}, VIBRATION_LOST),
    "a lost accelerometer": ({"smoothing__accelerometer_present": False}, ACCELEROMETER_LOST),
    "both pedal contacts closed": ({"pedal__nc_contact": "closed"}, WIRING),
}


@pytest.mark.parametrize("cause", OPENED_BY)
def test_everything_else_opens_the_gate_with_its_fault(board, cart, cause):
    """A fault stays latched when its cause has gone, is refused to clear before, and keeps the gate open."""
    close_gate(board, cart)
    world, fault = OPENED_BY[cause]
    cart.turn(**world)
    board.until_flags(set(), {GATE})
    until(board.status, lambda status: fault in status.faults)
    assert board.ask("CL,1") == "ER,1,3"
    cart.turn(**WHOLE)
    board.until_flags({STOP_CLOSED, ACCELEROMETER, HEALTHY, PEDAL})
    assert board.ask("CL,2") == "ER,2,3"  # the pedal is pressed
    assert all(GATE not in status.flags and fault in status.faults for status in board.for_ms(100))
    cart.turn(pedal__pressed=False)
    board.until_flags(set(), {PEDAL})
    until(lambda: board.ask("CL,3"), lambda answer: answer == "OK,3")
    assert not board.for_ms(20)[-1].faults


def test_silence_opens_the_gate(board, cart):
    close_gate(board, cart)
    board.beating = False
    assert SILENT in board.until_flags(set(), {GATE, ALIVE}).faults


def test_both_pedal_contacts_open_for_a_second_is_a_wiring_fault(board, cart):
    cart.turn(pedal__nc_contact="open")
    first_ms = board.status().ms
    fault = until(board.status, lambda status: WIRING in status.faults)
    cart.turn(pedal__nc_contact="ok")
    assert 900 <= fault.ms - first_ms <= 1100
    assert PEDAL not in fault.flags


def test_a_welded_and_a_stuck_gate_are_told(board, cart):
    close_gate(board, cart)
    cart.turn(gate__welded=True)
    board.for_ms(20)
    board.beat(0)
    assert GATE in until(board.status, lambda status: WELDED in status.faults).flags
    cart.turn(gate__welded=False, gate__stuck_open=True, pedal__pressed=False)
    board.until_flags(set(), {PEDAL, GATE})
    until(lambda: board.ask("CL,1"), lambda answer: answer == "OK,1")
    cart.turn(pedal__pressed=True)
    board.until_flags({PEDAL})
    board.beat(1)
    assert GATE not in until(board.status, lambda status: STUCK_OPEN in status.faults).flags


def test_a_hung_board_restarts_with_outputs_off_and_fault_7(board, cart):
    close_gate(board, cart)
    board.beating = False
    cart.turn(board__firmware__hang=True)
    restarted = until(board.status, lambda status: RESTARTED in status.faults)
    assert not restarted.flags & {GATE, WANTED, MOTOR, AIMING, ALIVE}
    assert restarted.seq < board.statuses[0].seq
    cart.turn(pedal__pressed=False)
    board.beat(0)
    until(lambda: board.ask("CL,1"), lambda answer: answer == "OK,1")


def test_light_needs_the_gate_and_ends_with_the_pedal(board, cart):
    """The laser's interlock pins are the gate: current, and photodiode counts, only while it is closed."""
    close_gate(board, cart)
    with contextlib.closing(Wire(cart.ports["laser"], 38400, cart.pass_time)) as laser:
        laser.write("TERMINAL 0;*CLS;ONDELAY 0;LAS:LDI 4000;OUT 1\n")
        dark = board.status().photodiode
        until(board.status, lambda status: status.photodiode > dark + 20)
        cart.turn(pedal__pressed=False)
        board.until_flags(set(), {GATE})
        until(board.status, lambda status: status.photodiode < dark + 20)
        laser.write("LAS:OUT?;ERR?\n")
        assert laser.line() == b"0,501\r\n"


def test_a_wrong_baud_hears_no_frame(cart):
    with contextlib.closing(Wire(cart.ports["board"], 9600, cart.pass_time)) as line:
        line.heard_for(0.1)  # what was sent before the line was set to 9600
        heard = line.heard_for(0.2)
        assert heard
        assert b"$ST," not in heard
        line.port.baudrate = 115200
        line.heard_for(0.1)
        until(line.line, lambda heard: heard.startswith(b"$ST,"))
