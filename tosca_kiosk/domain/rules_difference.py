"""Two sets of rules compared field by field, exactly; a difference is named by its path."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.rules import Rules

MOST_NAMED: Final = 3
_LONGEST_VALUE: Final = 60


def rules_difference(given: Rules, recorded: Rules) -> str | None:
    """Return where the rules given depart from those that the record says; None where they are equal.

    A NaN is a difference wherever it stands. No more than the first three are named.
    """
    found = list(islice(_differences("", given, recorded), MOST_NAMED + 1))
    more = ["and more"] if len(found) > MOST_NAMED else []
    return "; ".join((*found[:MOST_NAMED], *more)) or None


def _differences(path: str, given: Any, recorded: Any) -> Iterator[str]:
    if isinstance(given, msgspec.Struct) and type(given) is type(recorded):
        for field in given.__struct_fields__:
            inner = f"{path}.{field}" if path else field
            yield from _differences(inner, getattr(given, field), getattr(recorded, field))
    elif isinstance(given, tuple) and isinstance(recorded, tuple) and len(given) == len(recorded):
        for index, pair in enumerate(zip(given, recorded, strict=True)):
            yield from _differences(f"{path}[{index}]", *pair)
    elif given != recorded:
        yield f"{path}: {_shown(given)} given, the record says {_shown(recorded)}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"{len(value)} entries"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return repr(value)[:_LONGEST_VALUE]
    return f"{value:.17g}" if value != float(f"{value:g}") else f"{value:g}"
