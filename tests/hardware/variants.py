"""A driver's whole list of tests against every instrument of `benchmarks.rigs.variants`, by `each`.

Most rows are the simulated device with the row's options: on a line of its own (`met`, in
`test_met_on_the_wire.py`), or with a bench that can put words into its mouth (`arroyo_bench`,
`xeryon_bench`). The others a bench plays by hand. A test that rightly expects something else of a row asks
the row for what makes the difference, or says by `only` which rows it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks.rigs.variants import LASERS, SIMULATED, TECS, Table, Variant
from simulators.wire.xeryon import StageOptions

BY_HAND = LASERS["by hand"]


class _Chosen:
    variant = BY_HAND


def choose(variant: Variant) -> None:
    """Let every bench made from now on be at this variant."""
    _Chosen.variant = variant


def chosen() -> Variant:
    return _Chosen.variant


def each(table: Table) -> Callable[..., Iterator[Variant]]:
    """Return a module's fixture that runs each of its tests against every row of a table.

    A module says `variant = each(LASERS)`; a test that is about some rows bears `only`.
    """

    @pytest.fixture(params=table.values(), ids=table, autouse=True)
    def variant(request: pytest.FixtureRequest) -> Iterator[Variant]:
        choose(request.param)
        yield request.param
        choose(BY_HAND)

    return variant


def only(table: Table, but: Callable[[Variant], bool] = lambda variant: False) -> pytest.MarkDecorator:
    """Run a test against the rows of this table, `but` some."""
    rows = {name: variant for name, variant in table.items() if not but(variant)}
    return pytest.mark.parametrize("variant", rows.values(), ids=rows, indirect=True)


def combo(variant: Variant) -> bool:
    return variant.combo


EACH_TEC = only(TECS)
ALONE = only(LASERS, but=combo)
"""About the order of what is said on a line of its own, or about a model that a box has not."""


def lone_slot(variant: Variant) -> bool:
    """Whether a stage answers questions in its stream alone."""
    return isinstance(variant.options, StageOptions) and variant.options.answers_in_slot_alone


def on_the_wire(*keys: str) -> pytest.MarkDecorator:
    """Run a test against every row of these devices that is simulated."""
    rows = {name: row for name, row in SIMULATED.items() if row[0] in keys}
    return pytest.mark.parametrize(("key", "variant"), rows.values(), ids=rows)
