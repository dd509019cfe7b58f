"""Earlier light of a patient, told before a session without a screen."""

from __future__ import annotations

from typing import Any

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Workplace, stdin_is_terminal
from tosca_kiosk.session import EarlierDose, RefusedError
from tosca_kiosk.storage import energies
from tosca_kiosk.storage.timestamps import utc_text


def tell_earlier_dose(workplace: Workplace, patient_code: str, earlier: EarlierDose) -> None:
    """Tell of earlier light, and ask where a person is there and the site wants it asked.

    Raises RefusedError where the answer is no.
    """
    if not earlier.sessions:
        return
    count = "a session" if len(earlier.sessions) == 1 else f"{len(earlier.sessions)} sessions"
    goes_on = any(one.goes_on for one in earlier.sessions)
    when = "may be less than 24 h old" + (", or that the next goes on from" if goes_on else "")
    headline = f"{patient_code} had {_sum(earlier)} in {count} that {when}."
    say(headline)
    for one in earlier.sessions:
        start = f"{one.start_utc:%Y-%m-%d %H:%M:%S} UTC" if one.start_utc else "nobody knows when"
        say(f"  Session {one.session_id}, {start}, {one.ending}. {energies.in_words(one.energies)}")
    asks = earlier.must_ask and stdin_is_terminal() and not workplace.as_json
    if asks and not click.confirm("Treat again?", err=True):
        raise RefusedError(f"{headline} Not treated again.")


def as_result(earlier: EarlierDose) -> dict[str, Any]:
    """Return what `treat --json` says of earlier light; null for an energy that nobody knows.

    earlier_dose_joules: the sum as far as it is known; earlier_dose_unknown: of how many sessions it is not.
    """
    return {
        "earlier_dose": [
            {
                "session_id": one.session_id,
                "start_utc": one.start_utc and utc_text(one.start_utc),
                "status": one.status,
                "abort_reason": one.abort_reason,
                "measured_joules": one.energies.measured_j,
                "commanded_joules": one.energies.commanded_j,
                "larger_joules": one.energies.larger_j,
            }
            for one in earlier.sessions
        ],
        "earlier_dose_joules": earlier.energy_j,
        "earlier_dose_unknown": earlier.unknown,
    }


def _sum(earlier: EarlierDose) -> str:
    known = f"{earlier.energy_j:.1f} J"
    return f"{known} and an unknown energy" if earlier.unknown else known
