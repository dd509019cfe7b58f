"""What holds for every widget: sizes, gaps, contrast, nothing cut, and the picture it was looked at with."""

import pytest

from tests.kiosk.audit import audit, count
from tests.kiosk.gallery import WIDGETS, cut_out, put_up
from tests.kiosk.golden import compare
from tosca_kiosk.kiosk.look.tokens import THEMES


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_keeps_the_rules_and_looks_as_it_was_looked_at(stage, name, theme):
    ground, _ = put_up(stage, name, theme)
    assert count(ground) > 1
    assert audit(stage, ground) == []
    assert compare(f"{name}_{theme}", cut_out(stage, ground)) == ""
