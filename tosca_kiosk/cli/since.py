"""`--since` of lists: a span before now, such as 24h or 7d, or a time in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from tosca_kiosk.cli.workplace import Command
from tosca_kiosk.session import RefusedError

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)


def since_option(command: Command) -> Command:
    """Give a command --since, for `since`."""
    return click.option(
        "--since",
        "since_text",
        metavar="SPAN|TIME",
        help="Those from then on: 90m, 24h, 7d or 2w before now, or a time in UTC, such as 2026-11-30.",
    )(command)


def since(text: str | None, now: datetime) -> datetime | None:
    """Return the moment that --since means, aware; None where it was not given. Raises RefusedError."""
    if text is None:
        return None
    if (span := _SPAN.fullmatch(text.strip())) is not None:
        count, unit = span.groups()
        try:
            return now - timedelta(**{_UNITS[unit]: int(count)})
        except OverflowError:
            pass  # before any calendar
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RefusedError(
            f"--since {text!r} is no span and no time: give 90m, 24h, 7d or 2w, or a time in UTC such as "
            "2026-11-30 or '2026-11-30 14:05'"
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
