"""Everything that is shown at one moment, in one immutable snapshot; screens keep nothing of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.kiosk.alarms.alarm import Alarm
from tosca_kiosk.kiosk.services.accounts import Accounts
from tosca_kiosk.kiosk.snapshot.course import Course
from tosca_kiosk.kiosk.snapshot.picture import Picture
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import User

STALE_AFTER_S = 0.3
"""Older control data is not shown: values become `--` and the state bar says so."""

EMISSION_PHASES = frozenset({"armed", "treating"})
"""While armed or treating nothing navigates, dims or locks."""


Form = TypeVar("Form")


@dataclass(frozen=True, slots=True)
class KioskState:
    """One moment. now_s: the kiosk's monotonic clock. telemetry: newest from control, None when never seen.

    control: whether the command socket is up; control_problem: why not. record_problem: why the record cannot
    be used now, or None. asleep: dimmed after a time without a touch.
    camera: whether the configuration has one; picture: its newest; picture_um_per_px: its scale, None where
    unknown. accounts: who can sign in, None until the record was read. course: how far the session has come.
    weak_pin: whether the user signed in with a PIN that is easy to guess.
    failed_jobs: what of the record was not done and is tried again.
    screen: the name of the one that is shown. forms: what each screen has in hand, by its form's class.
    """

    now_s: float
    wall_clock: str
    screen: str
    theme: str
    telemetry: Telemetry | None
    control: bool
    user: User | None
    patient: Patient | None
    protocol: Protocol | None
    session: Session | None
    alarms: tuple[Alarm, ...]
    record_problem: str | None
    simulated: bool
    accounts: Accounts | None = None
    course: Course = field(default_factory=Course)
    weak_pin: bool = False
    control_problem: str | None = None
    asleep: bool = False
    camera: bool = False
    picture: Picture | None = None
    picture_um_per_px: float | None = None
    failed_jobs: tuple[str, ...] = ()
    forms: Mapping[type, Any] = field(default_factory=dict)

    def form(self, kind: type[Form]) -> Form:
        """Return what a screen has in hand, by its form's class; a new form where it has nothing yet."""
        form: Form = self.forms.get(kind) or kind()
        return form

    @property
    def plan(self) -> Plan | None:
        """The plan in force: the protocol, in its session with the overrides that control has last told."""
        if self.protocol is None:
            return None
        told, session = self.telemetry, self.session
        ours = told is not None and session is not None and told.session_id == session.session_id
        return Plan(self.protocol, told.overrides if ours and told is not None else ())

    @property
    def data_age_s(self) -> float | None:
        """The age of control's data; None when there is none."""
        return None if self.telemetry is None else self.now_s - self.telemetry.mono_s

    @property
    def live(self) -> Telemetry | None:
        """Control's data while it is fresh, None otherwise: what screens show figures from."""
        age_s = self.data_age_s
        fresh = self.control and age_s is not None and -STALE_AFTER_S <= age_s <= STALE_AFTER_S
        return self.telemetry if fresh else None

    @property
    def may_emit(self) -> bool:
        """Whether control is armed or treating, or was when it was last heard of: no other way leads off."""
        return self.telemetry is not None and self.telemetry.phase in EMISSION_PHASES
