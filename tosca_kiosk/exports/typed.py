"""What SQLite holds in a column, as the column's type: quickly where all of it is as it should be."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from types import NoneType
from typing import Any, Final, NamedTuple

from tosca_kiosk.exports.columns import KINDS, Kind
from tosca_kiosk.storage.timestamps import FIRST_YEAR, LAST_YEAR
from tosca_kiosk.storage.values import from_column

_INFINITE: Final = (math.inf, -math.inf)
_WITHOUT_FRACTION, _WITH_FRACTION = len("YYYY-MM-DD HH:MM:SS"), len("YYYY-MM-DD HH:MM:SS.ffffff")


class Typed(NamedTuple):
    """A column's values; times are naive UTC. odd: so many are none of its type, and left empty.

    Of a text that is none what can be read stays.
    """

    values: list[Any]
    odd: int


def typed(kind: Kind, held: list[Any]) -> Typed:
    """Return what a column's values mean."""
    plain = _PLAIN[kind](held)
    if plain is not None:
        return Typed(plain, 0)
    meant = [from_column(KINDS[kind].declared, value) for value in held]
    values = [_as_exported(kind, one.value) for one in meant]
    return Typed(values, sum(one.odd is not None for one in meant))


def _as_exported(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind is Kind.TIME:
        return value.replace(tzinfo=None)
    return float(value) if kind is Kind.NUMBER else value


def _numbers(held: list[Any]) -> list[Any] | None:
    whole = _all_are(held, float) and not any(infinite in held for infinite in _INFINITE)
    return held if whole else None


def _integers(held: list[Any]) -> list[Any] | None:
    return held if _all_are(held, int) else None


def _booleans(held: list[Any]) -> list[Any] | None:
    if not (_all_are(held, int) and set(held) <= {0, 1, None}):
        return None
    return [None if value is None else value == 1 for value in held]


def _texts(held: list[Any]) -> list[Any] | None:
    return held if _all_are(held, str) else None


def _times(held: list[Any]) -> list[Any] | None:
    try:
        return [None if text is None else _time(text) for text in held]
    except (TypeError, ValueError):
        return None


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if len(text) not in (_WITHOUT_FRACTION, _WITH_FRACTION) or not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError(text)
    return time


def _dates(held: list[Any]) -> list[Any] | None:
    try:
        return [None if text is None else date.fromisoformat(text) for text in held]
    except (TypeError, ValueError):
        return None


def _all_are(held: list[Any], kind: type) -> bool:
    return set(map(type, held)) <= {kind, NoneType}


_PLAIN: Final[dict[Kind, Callable[[list[Any]], list[Any] | None]]] = {
    Kind.INTEGER: _integers,
    Kind.NUMBER: _numbers,
    Kind.BOOLEAN: _booleans,
    Kind.TEXT: _texts,
    Kind.JSON: _texts,
    Kind.TIME: _times,
    Kind.DATE: _dates,
}
"""By kind: what returns the values where all are of it, and None where one is not."""
