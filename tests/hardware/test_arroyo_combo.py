"""A ComboSource: the drivers of its laser and of its TEC on one port and one line."""

from dataclasses import replace

import pytest

from hardware.arroyo.laser import ArroyoLaser
from hardware.arroyo.shared import share
from hardware.arroyo.tec import ArroyoTec
from hardware.conversation import NoAnswerError
from hardware.interfaces import LinkState
from hardware.registry import make_drivers
from hardware.settings import LaserSettings, TecSettings
from tests.hardware.arroyo_bench import COMBO_MODEL, LASER, TEC, Bench
from tests.hardware.arroyo_wire import LASER_ANSWERS, TEC_ANSWERS, Wire

OWN = {"model": COMBO_MODEL, "serial_number": "SIM-0001", "port": "sim://combo"}
READY, LOST, REFUSED, CLOSED = LinkState.READY, LinkState.LOST, LinkState.REFUSED, LinkState.CLOSED


class Combo(Bench):
    """Both drivers, polled in the order of the cart; everything that is sent is on record."""

    def __init__(self):
        wire = Wire(
            {**LASER_ANSWERS, **TEC_ANSWERS, "*IDN?": f"Arroyo {COMBO_MODEL} SIM-0001 3.10 x"}, "sim://combo"
        )
        lanes = share(wire, 0.5)
        self.laser = ArroyoLaser(replace(LASER, **OWN), lanes[0], lanes[0])
        self.tec = ArroyoTec(replace(TEC, **OWN), lanes[1], lanes[1])
        super().__init__(self.laser, wire)

    def step(self, act=None):
        self.tick += 1
        self.wire.now_s = self.now_s
        self.laser.poll(self.now_s)
        self.tec.poll(self.now_s)
        if act is not None:
            act()
        self.laser.flush(self.now_s)

    @property
    def links(self):
        return self.laser.link, self.tec.link


@pytest.fixture
def combo():
    return Combo()


@pytest.fixture
def ready(combo):
    combo.run_until(lambda: combo.links == (READY, READY))
    return combo.run(1.0)


def test_both_halves_become_ready_on_one_opening(ready):
    assert ready.wire.openings == [0.01]
    assert (ready.laser.identity, ready.laser.problem, ready.tec.problem) == (ready.tec.identity, None, None)
    assert ready.laser.refused_answers == ready.laser.unanswered_questions == 0
    assert ready.tec.temperature_c.value == 25.01
    assert ready.wire.sent()[0] == "LAS:OUT 0"


def test_one_question_is_outstanding_whoever_asks(combo):
    answered = 0
    for _ in range(600):
        asked = sum("?" in line for line in combo.wire.sent())
        answered = asked - len(combo.wire._on_the_way)
        assert asked - answered <= 1
        combo.step()
    assert combo.links == (READY, READY)
    assert answered > 100


def test_the_clearing_of_events_waits_until_the_laser_has_told_them(combo):
    combo.wire.answers["LAS:EVE?"] = str(1 << 7 | 1 << 10)
    combo.run_until(lambda: combo.links == (READY, READY))
    sent = combo.wire.sent()
    assert sent.count("*CLS") == 1
    assert sent.index("LAS:EVE?") < sent.index("*CLS")
    assert combo.laser.found_at_start[0] == "output found on; switched off first of all"


def test_off_is_written_in_its_tick_while_the_tec_waits_for_an_answer(ready):
    ready.step(lambda: ready.laser.want(True, 0.0))
    ready.run_until(lambda: ready.laser.output_on.value)
    ready.run_until(lambda: ready.wire.sent()[-1].startswith("TEC:") and ready.wire.is_answering)
    sent = len(ready.wire.log)
    ready.laser.want(False, 0.0)
    ready.laser.flush(ready.now_s)
    assert ready.wire.log[sent:] == [(ready.now_s, "LAS:OUT 0")]
    ready.run_until(lambda: ready.laser.output_on.value is False, within_s=0.2)


def test_off_is_repeated_every_100_ms_while_nothing_is_answered(ready):
    ready.step(lambda: ready.laser.want(True, 0.0))
    ready.run_until(lambda: ready.laser.output_on.value)
    ready.wire.deaf = True
    sent = len(ready.wire.log)
    ready.step(lambda: ready.laser.want(False, 0.0))
    ready.run(0.5)
    assert ready.wire.sent(since=sent).count("LAS:OUT 0") >= 5


@pytest.mark.parametrize(
    ("text", "laser", "tec"),
    [
        ('501,"Interlock"', {501}, set()),
        ('404,"Current limit"', set(), {404}),
        ('201,"Out of range"', {201}, {201}),
        ("521,402,123", {521, 123}, {402, 123}),
    ],
)
@pytest.mark.parametrize("ticks", [0, 3, 7, 11])
def test_each_half_is_told_its_errors_whichever_takes_them_out_of_the_queue(ready, text, laser, tec, ticks):
    ready.run(ticks / 100)
    ready.wire.queued.append(text)
    told = set(), set()
    for _ in range(200):
        ready.step()
        told[0].update(ready.laser.errors.value)
        told[1].update(ready.tec.errors.value)
    assert told == (laser, tec)


def test_a_half_that_is_refused_leaves_the_other_at_work(combo):
    combo.wire.stuck.add("TEC:LIM:ITE?")
    combo.wire.answers["TEC:LIM:ITE?"] = "9"
    combo.run_until(lambda: combo.links == (READY, REFUSED))
    combo.run(3.0)
    assert combo.links == (READY, REFUSED)
    assert combo.now_s - combo.laser.condition_bits.asked_s < 0.3


@pytest.mark.parametrize(
    ("refused", "limit"), [("laser", "LAS:LIM:LDI?"), ("tec", "TEC:LIM:ITE?")], ids=["laser", "tec"]
)
def test_a_refused_half_keeps_no_dead_port_open(combo, refused, limit):
    combo.wire.stuck.add(limit)
    combo.wire.answers[limit] = "9"
    combo.run_until(lambda: set(combo.links) == {READY, REFUSED})
    combo.run(1.0)
    combo.wire.deaf = True
    combo.run(30.0)
    assert len(combo.wire.openings) >= 5, "again and again, as that of an instrument alone"
    assert all("nothing answers at 38400 baud" in half.problem for half in (combo.laser, combo.tec))
    combo.wire.deaf = False
    combo.run_until(lambda: set(combo.links) == {READY, REFUSED}, within_s=15.0)


@pytest.mark.parametrize("asks", [0, 3, 7])
def test_the_last_word_to_a_box_that_falls_silent_is_off_whichever_half_finds_it(ready, asks):
    ready.step(lambda: ready.laser.want(True, 0.0))
    ready.run_until(lambda: ready.laser.output_on.value)
    ready.run(asks / 100)
    ready.wire.deaf = True
    ready.run_until(lambda: ready.links == (LOST, LOST))
    assert ready.wire.sent()[-1] == "LAS:OUT 0"
    assert "stopped answering" in ready.laser.problem
    assert "stopped answering" in ready.tec.problem
    assert not ready.wire.is_open


def test_the_laser_stops_first_and_the_tec_keeps_its_port(ready):
    ready.step(ready.laser.begin_stop)
    ready.run_until(lambda: ready.laser.link is CLOSED)
    ready.laser.close()
    assert ready.laser.problem is None
    ready.run(1.0)
    assert ready.tec.link is READY
    assert ready.now_s - ready.tec.temperature_c.asked_s < 0.6
    ready.step(ready.tec.begin_stop)
    ready.run_until(lambda: ready.tec.link is CLOSED)
    assert ready.wire.sent()[-3:] == ["TEC:OUT 0", "TEC:OUT?", "LOCAL"]
    assert not ready.wire.is_open


@pytest.mark.parametrize("first", ["laser", "tec"])
def test_a_port_that_breaks_breaks_for_both_with_its_reason(ready, first):
    getattr(ready, first).close()
    ready.wire.gone = True
    ready.run(0.03)
    other = ready.tec if first == "laser" else ready.laser
    assert other.link is LOST
    assert "port sim://combo is gone; check the cable" in other.problem


def test_both_are_lost_with_the_port_and_come_back_with_it_switched_off_first(ready):
    ready.wire.gone = True
    ready.run(0.05)
    assert ready.links == (LOST, LOST)
    assert "gone" in ready.laser.problem
    assert "gone" in ready.tec.problem
    ready.wire.gone = False
    sent = len(ready.wire.log)
    ready.run_until(lambda: ready.links == (READY, READY))
    assert ready.wire.sent(since=sent)[0] == "LAS:OUT 0"
    assert len(ready.wire.openings) <= 4


def test_a_silent_box_is_lost_for_both_and_its_port_opened_anew(ready):
    ready.wire.deaf = True
    ready.run(4.0)
    assert READY not in ready.links
    ready.wire.deaf = False
    openings = len(ready.wire.openings)
    ready.run_until(lambda: ready.links == (READY, READY), within_s=20.0)
    assert openings >= 2


def test_the_registry_gives_both_drivers_one_port_and_one_trace():
    settings = {"laser": replace(LASER, **OWN), "tec": replace(TEC, **OWN)}
    names = {"laser": LaserSettings.DRIVER, "tec": TecSettings.DRIVER}
    drivers, traces = make_drivers(names, settings, lambda: 0.0)
    assert list(traces) == ["laser+tec"]
    assert [driver.key for driver in drivers.values()] == ["laser", "tec"]
    apart = {**settings, "tec": replace(TEC, port="sim://tec")}
    assert list(make_drivers(names, apart, lambda: 0.0)[1]) == ["laser", "tec"]


@pytest.mark.parametrize("tec_starts", [False, True])
def test_a_lost_off_is_repeated_in_time_though_the_other_half_holds_the_line(ready, tec_starts):
    ready.step(lambda: ready.laser.want(True, 0.0))
    ready.run_until(lambda: ready.laser.output_on.value)
    if tec_starts:
        del ready.wire.answers["TEC:LIM:ITE?"]
        ready.wire.stuck.add("TEC:LIM:ITE?")
        ready.tec._fail(NoAnswerError("its line went quiet"), ready.now_s)
        ready.run_until(lambda: ready.wire.sent()[-1].startswith("TEC:LIM:ITE"))
    ready.wire.misses = "LAS:OUT 0"  # the first of them
    ready.step(ready.laser.begin_stop)
    began_s = ready.now_s
    ready.run_until(lambda: ready.wire.answers["LAS:OUT?"] == "0")
    assert ready.now_s - began_s <= 0.2


def test_errors_of_a_half_that_reads_no_more_are_kept_once(ready):
    ready.tec._refuse("another model")
    for _ in range(5):
        ready.laser._line.decode_errors("404,501")
    assert ready.tec._line._errors == (404,)
