"""The themes as data: every pair of colours in use can be read."""

import pytest

from tosca_kiosk.kiosk.look.tokens import (
    DARK,
    FLASH_DUTY,
    FLASH_HZ,
    LIGHT,
    PAIRS,
    THEMES,
    contrast,
    luminance,
    rgba,
)

BLACK, WHITE = rgba("#000000"), rgba("#FFFFFF")


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.ink}_on_{pair.paper}")
def test_every_pair_in_use_reaches_its_contrast(theme, pair):
    assert contrast(theme.rgba(pair.ink), theme.rgba(pair.paper)) >= pair.least


def test_contrast_agrees_with_the_published_examples():
    """WCAG 2.2: black on white is 21; #767676 on white is the lightest grey that passes 4.5."""
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(rgba("#767676"), WHITE) == pytest.approx(4.54, abs=0.01)
    assert contrast(rgba("#777777"), WHITE) < 4.5


def test_contrast_does_not_ask_which_colour_comes_first():
    assert contrast(WHITE, rgba("#1E6BBE")) == contrast(rgba("#1E6BBE"), WHITE)


@pytest.mark.parametrize("colour", ["", "D1001C", "#D1001", "#D1001CFF", "#GG0000"])
def test_a_colour_of_another_form_is_refused(colour):
    with pytest.raises(ValueError, match=r"colour|base 16"):
        rgba(colour)


def test_an_unknown_token_is_refused():
    with pytest.raises(AttributeError):
        DARK.rgba("crimson")


def test_flash_rates_lie_inside_the_standard():
    """IEC 60601-1-8, table 2."""
    assert 1.4 <= FLASH_HZ["high"] <= 2.8
    assert 0.4 <= FLASH_HZ["medium"] <= 0.8
    assert "low" not in FLASH_HZ
    assert 0.2 <= FLASH_DUTY <= 0.6


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_a_key_that_cannot_be_used_is_never_brighter_than_one_that_can(theme):
    assert luminance(*theme.rgba("off")[:3]) < luminance(*theme.rgba("raised")[:3])


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_alarm_colours_are_used_for_nothing_else(theme):
    alarms = {theme.high, theme.medium, theme.low}
    others = {theme.action, theme.measured, theme.refused, theme.sim, theme.ready, theme.emission}
    assert not alarms & others
