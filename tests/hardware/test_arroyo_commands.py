"""Numbers, truth values, errors and identities as they stand on the wire."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.arroyo import commands
from hardware.arroyo.commands import (
    CURRENT_LIMITS,
    LASER_TOLERANCE,
    MEASURED_CURRENT,
    SET_CURRENT,
    TEC_CURRENT_LIMITS,
    TEC_SETPOINT,
    Command,
    Question,
    Setting,
    decode_bits,
    decode_errors,
    decode_flag,
    decode_identity,
    decode_mode,
)
from hardware.arroyo.names import error_text, laser_condition_names, tec_condition_names
from hardware.interfaces import Identity

TABLE = [*vars(commands).values(), *CURRENT_LIMITS.values(), *TEC_CURRENT_LIMITS.values()]
NUMBERS = [number for row in TABLE if isinstance(row, Command) for number in row.numbers]
NUMBERS += [row.number for row in TABLE if isinstance(row, Question)]


@pytest.mark.parametrize("number", NUMBERS)
def test_units_on_the_wire_are_our_units(number):
    assert number.wire_unit == number.our_unit


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_taken_if_inside_and_only_then(number):
    for value in (number.low, number.high):
        assert number.decode(number.encode(value)) == pytest.approx(value, abs=number.step)
    for value in (number.low - 1, number.high + 1, nan, inf, -inf):
        with pytest.raises(ValueError, match="allowed"):
            number.encode(value)
    for text in (f"{number.low - 1}", f"{number.high + 1}"):
        with pytest.raises(ValueError, match="no number of"):
            number.decode(text)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-inf", "1_0", "0x10", "#H10", "1,0", "1 0", "1e999", "١", "10mA", "--1"]
)
def test_what_is_no_plain_number_is_refused(text):
    with pytest.raises(ValueError, match="no number"):
        MEASURED_CURRENT.number.decode(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1000", 1000), ("1000.4", 1000.4), ("-2", -2), (" 3 ", 3), ("+1.5E+03", 1500), (".5", 0.5)],
)
def test_plain_numbers_are_read(text, value):
    assert MEASURED_CURRENT.number.decode(text) == value


def test_settings_are_written_in_the_units_of_the_page():
    assert Setting(SET_CURRENT, (1234.0,)).text == "LAS:LDI 1234"
    assert Setting(CURRENT_LIMITS["4320"], (10_500.0,)).text == "LAS:LIM:LDI 10500"
    assert Setting(LASER_TOLERANCE, (100.0, 1.0)).text == "LAS:TOL 100,1.0"
    assert Setting(TEC_CURRENT_LIMITS["5305"], (4.0,)).text == "TEC:LIM:ITE 4.00"
    assert Setting(TEC_SETPOINT, (-5.25,)).text == "TEC:T -5.25"


def test_a_setting_out_of_range_names_command_value_and_range():
    with pytest.raises(ValueError, match="LAS:LDI: 20001 mA asked, 0 to 20000 allowed"):
        Setting(SET_CURRENT, (20_001.0,))


@pytest.mark.parametrize("answer", ["10500", "10500.0", "10450", "1.05e4", "10599"])
def test_a_read_back_within_the_step_of_the_device_is_the_same(answer):
    assert Setting(CURRENT_LIMITS["4320"], (10_500.0,)).difference(answer) is None


@pytest.mark.parametrize("answer", ["10600", "10400", "10.5", "0", "20000", "1e30"])
def test_a_read_back_a_step_away_or_in_another_unit_differs(answer):
    assert "LAS:LIM:LDI: wanted 10500 mA, got" in Setting(CURRENT_LIMITS["4320"], (10_500.0,)).difference(
        answer
    )


@pytest.mark.parametrize("answer", ["", "nan", "100", "100,1.0,3", "100,x", "100;1.0"])
def test_a_read_back_that_is_not_the_expected_numbers_is_refused(answer):
    with pytest.raises(ValueError, match=r"numbers|no number"):
        Setting(LASER_TOLERANCE, (100.0, 1.0)).difference(answer)


def test_truth_values_are_digits_or_words():
    assert [decode_flag(text) for text in ("0", "1", "off", "ON", " 1 ")] == [False, True, False, True, True]
    for text in ("", "2", "1024", "1.0", "yes"):
        with pytest.raises(ValueError, match="neither"):
            decode_flag(text)


def test_registers_have_sixteen_bits():
    assert decode_bits("65535") == 0xFFFF
    for text in ("65536", "-1", "1.0", "", "#H10"):
        with pytest.raises(ValueError, match="register"):
            decode_bits(text)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("0", ()),
        ("201", (201,)),
        ("201,124", (201, 124)),
        ('201,"Out of range"', (201,)),
        ('201,"Out of range, 5",501,"Interlock"', (201, 501)),
        ('0,"No error"', ()),
    ],
)
def test_the_error_queue_is_read_with_and_without_texts(text, codes):
    assert decode_errors(text) == codes


@pytest.mark.parametrize(
    "text", ["", "1", "1024", "12", "201,", "201,Out of range", '201,"Out', "-201", "201 124"]
)
def test_what_is_no_error_queue_is_refused(text):
    with pytest.raises(ValueError, match=r"error"):
        decode_errors(text)


def test_the_identity_is_blank_separated():
    assert decode_identity("Arroyo 4320 SIM-1 3.10 2017") == Identity(
        model="4320", serial_number="SIM-1", firmware="3.10 2017"
    )
    assert decode_identity("ARROYO  5305 7 3.1") == Identity(model="5305", serial_number="7", firmware="3.1")
    for text in (
        "",
        "Arroyo 4320",
        "Arroyo,4320,1,3.10",
        "ILX 4320 1 3.10 2017",
        "Arroyo 4320 1 3.10 2017 x",
    ):
        with pytest.raises(ValueError, match="identity"):
            decode_identity(text)


def test_a_mode_is_a_short_word():
    assert decode_mode("ilbw") == "ILBW"
    for text in ("", "0", "1024", "ILBW?", "something"):
        with pytest.raises(ValueError, match="mode"):
            decode_mode(text)


def test_errors_and_conditions_have_names():
    assert error_text(501) == "501 laser interlock open"
    assert error_text(777) == "777 unknown error"
    assert laser_condition_names(1 << 4 | 1 << 10) == ("interlock open", "output on")
    assert laser_condition_names(1 << 5) == ("bit 5",)
    assert tec_condition_names(1 << 6 | 1 << 9 | 1 << 12) == (
        "sensor open",
        "out of tolerance",
        "thermal runaway",
    )
    assert laser_condition_names(0) == ()


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=30))
def test_no_text_makes_a_reader_raise_anything_but_value_error(text):
    readers = (
        decode_flag,
        decode_bits,
        decode_errors,
        decode_identity,
        decode_mode,
        MEASURED_CURRENT.number.decode,
    )
    for reader in (*readers, Setting(LASER_TOLERANCE, (100.0, 1.0)).difference):
        try:
            reader(text)
        except ValueError:
            continue
