"""`--as-of TIME` of every list and show: the record as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import click

from tosca_kiosk.cli.workplace import Command
from tosca_kiosk.session import RefusedError

_FORMS: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")


def as_of_option(command: Command) -> Command:
    """Give a command --as-of as an argument `as_of`, for `moment` and Workplace.reading."""
    return click.option(
        "--as-of",
        metavar="TIME",
        help="The record as it was at this time in UTC: 2026-11-30 (the beginning of the day), "
        "'2026-11-30 14:05', or with seconds.",
    )(command)


def moment(text: str | None) -> datetime | None:
    """Return the time that --as-of names, None where it was not given. Raises RefusedError."""
    if text is None:
        return None
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise RefusedError(
        f"--as-of {text!r} is no time; give 2026-11-30, '2026-11-30 14:05' or '2026-11-30 14:05:30', in UTC"
    )
