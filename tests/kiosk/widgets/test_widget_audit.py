"""The audit finds what it is there to find: each rule is broken once."""

from kivy.uix.floatlayout import FloatLayout

from tests.kiosk.audit import audit
from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.widgets.painted import OnPlate


class Board(OnPlate, FloatLayout):
    """A ground on which widgets lie where a test puts them."""


def found(stage, *placed):
    board = Board(paper="bg")
    for widget, pos, size in placed:
        widget.size_hint = (None, None)
        widget.pos, widget.size = pos, size
        board.add_widget(widget)
    stage.show(board)
    return audit(stage, board)


def test_nothing_wrong_is_an_empty_list(stage):
    assert found(stage, (ui.UiButton(text="Good"), (20, 20), (px(30), px(15)))) == []


def test_a_target_under_15_mm_is_found(stage):
    problems = found(stage, (ui.UiButton(text="Low"), (20, 20), (px(30), px(15) - 2)))
    assert [problem for problem in problems if "at least 15 mm" in problem] == problems != []


def test_a_primary_target_under_20_mm_is_found(stage):
    problems = found(stage, (ui.UiButton(text="Go", kind="primary"), (20, 20), (px(30), px(15))))
    assert "at least 20 mm" in problems[0]


def test_targets_nearer_than_3_mm_are_found(stage):
    size = (px(30), px(15))
    problems = found(
        stage,
        (ui.UiButton(text="A"), (20, 20), size),
        (ui.UiButton(text="B"), (20 + size[0] + px(3) - 2, 20), size),
    )
    assert len(problems) == 1
    assert "3 mm wanted" in problems[0]


def test_a_text_wider_than_its_place_is_found(stage):
    text = ui.UiText(text="Far too long for so little room")
    assert "needs a width" in found(stage, (text, (20, 20), (100, 50)))[0]


def test_a_text_that_may_be_shortened_is_not(stage):
    text = ui.UiText(text="Far too long for so little room", shorten=True)
    assert found(stage, (text, (20, 20), (100, 50))) == []


def test_wrapped_lines_beyond_the_height_are_found(stage):
    text = ui.UiText(text="one two three four five six seven", wraps=True)
    assert "needs a height" in found(stage, (text, (20, 20), (130, 60)))[0]


def test_text_smaller_than_16_arc_minutes_is_found(stage):
    text = ui.UiText(text="fine print", size_mm=3.5)
    assert "at least 4.6 mm" in found(stage, (text, (20, 20), (200, 50)))[0]


def test_text_that_is_hard_to_read_on_what_is_drawn_below_it_is_found(stage):
    text = ui.UiText(text="grey on black", ink="raised")
    assert "contrast" in found(stage, (text, (20, 20), (300, 50)))[0]


def test_a_widget_outside_of_the_window_is_found(stage):
    problems = found(stage, (ui.UiButton(text="Out"), (1200, 20), (px(30), px(15))))
    assert any("outside the window" in problem for problem in problems)


def test_siblings_that_overlap_are_found_and_so_is_covered_text(stage):
    problems = found(
        stage,
        (ui.UiText(text="covered"), (20, 20), (200, 60)),
        (ui.UiCard(), (20, 20), (200, 60)),
    )
    assert any("overlap" in problem for problem in problems)
    assert any("ink is not to be seen" in problem for problem in problems)


def test_a_child_that_spills_out_of_its_parent_is_found(stage):
    panel = ui.UiCard()
    panel.add_widget(ui.UiText(text="tall", size_hint_y=None, height=200))
    problems = found(stage, (panel, (20, 120), (200, 60)))
    assert any("px outside of UiCard" in problem for problem in problems)
