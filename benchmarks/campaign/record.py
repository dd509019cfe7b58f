"""The record that a campaign's sessions stand in: control's rules are compared with it as `treat` does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Final

import msgspec

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibration import CalibrationSet, PiecewiseLinear
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.session import compared_with_record, load_shipped_content
from tosca_kiosk.session.recorded_rules import recorded_rules
from tosca_kiosk.storage import DATABASE_NAME, Database, patients

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Record:
    """A record with a patient, in a folder of its own that goes with the process."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="tosca-campaign-"))
        # Also where this is a worker of a pool, which leaves no other way to tidy up.
        Finalize(None, shutil.rmtree, (folder, True), exitpriority=1)
        self._path = folder / DATABASE_NAME
        self._shipped = False

    def add_session(self, config: CartConfig, protocol: Protocol) -> tuple[int, Rules]:
        """Make a session's row; return its number and the rules that the record says of it."""
        with Database.open(self._path) as database:
            if not self._shipped:
                load_shipped_content(database, config, _NOW)
                with database.transaction() as transaction:
                    patients.add(transaction, _NOW)
                self._shipped = True
            with database.transaction() as transaction:
                number: int = transaction.insert(
                    "sessions",
                    patient_id=1,
                    tech_id=1,
                    start_time=_NOW,
                    status="aborted",
                    protocol_name=protocol.name,
                    protocol_data_snapshot=to_json(protocol, named=True),
                )
                return number, recorded_rules(transaction, config, number)

    def compared(self, config: CartConfig, number: int, given: Rules) -> str | None:
        """Return where given rules depart from the record's."""
        with Database.open(self._path) as database:
            return compared_with_record(database, config, number, given)


@cache
def record() -> Record:
    """Return this process's record."""
    return Record()


def _raised(rules: Rules) -> Rules:
    """Tell steps over the protocol's own limit, and a limit that lets them pass."""
    assert rules.protocol is not None
    steps = tuple(
        msgspec.structs.replace(step, power_start_w=9.6, power_end_w=9.6) for step in rules.protocol.steps
    )
    protocol = msgspec.structs.replace(rules.protocol, steps=steps)
    return msgspec.structs.replace(rules, protocol=protocol, power_limit_w=9.6)


def _over_the_scale(rules: Rules) -> Rules:
    return msgspec.structs.replace(rules, power_limit_w=10.0)


def _halved(rules: Rules) -> Rules:
    """Tell calibrations that call twice the light by half its name, on both sides alike."""
    assert rules.calibrations is not None
    known: CalibrationSet = rules.calibrations
    photodiode = msgspec.structs.replace(known.photodiode, curve=_with_half(known.photodiode.curve))
    power = msgspec.structs.replace(known.power, curve=_with_half(known.power.curve))
    calibrations = msgspec.structs.replace(known, photodiode=photodiode, power=power)
    return msgspec.structs.replace(rules, calibrations=calibrations)


def _with_half(curve: PiecewiseLinear) -> PiecewiseLinear:
    return PiecewiseLinear(curve.xs, tuple(0.5 * y for y in curve.ys))


LIES: Final[Mapping[str, Callable[[Rules], Rules]]] = {
    "steps over the protocol's limit": _raised,
    "a limit over the photodiode's scale": _over_the_scale,
    "curves halved on both sides": _halved,
}
"""What a lying screen tells of a session's rules."""
