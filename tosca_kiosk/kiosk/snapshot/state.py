"""Everything that is shown at one moment, in one immutable snapshot; screens keep nothing of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.kiosk.alarms.alarm import Alarm
from tosca_kiosk.kiosk.snapshot.forms import (
    FaultForm,
    FirstStartForm,
    LoginForm,
    PatientsForm,
    ProtocolsForm,
    SafetyLogForm,
    SummaryForm,
    TreatmentForm,
)
from tosca_kiosk.kiosk.snapshot.picture import Picture
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import User

STALE_AFTER_S = 0.3
"""Older control data is not shown: values become `--` and the state bar says so."""

EMISSION_PHASES = frozenset({"armed", "treating"})
"""While armed or treating nothing navigates, dims or locks."""


class ScreenName(StrEnum):
    """The screens, in the order of the way through a treatment."""

    FIRST_START = "first_start"
    LOGIN = "login"
    PATIENTS = "patients"
    PROTOCOLS = "protocols"
    TREATMENT = "treatment"
    FAULT = "fault"
    KEY_OFF = "key_off"
    SUMMARY = "summary"
    SAFETY_LOG = "safety_log"


@dataclass(frozen=True, slots=True)
class KioskState:
    """One moment. now_s: the kiosk's monotonic clock. telemetry: newest from control, None when never seen.

    control: whether the command socket is up; control_problem: why not. record_problem: why the record cannot
    be used now, or None. asleep: dimmed after a time without a touch.
    camera: whether the configuration has one; picture: its newest; picture_um_per_px: its scale, None where
    unknown. The rest is each screen's own part.
    """

    now_s: float
    wall_clock: str
    screen: ScreenName
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
    control_problem: str | None = None
    asleep: bool = False
    camera: bool = False
    picture: Picture | None = None
    picture_um_per_px: float | None = None
    first_start: FirstStartForm = field(default_factory=FirstStartForm)
    login: LoginForm = field(default_factory=LoginForm)
    patients: PatientsForm = field(default_factory=PatientsForm)
    protocols: ProtocolsForm = field(default_factory=ProtocolsForm)
    treatment: TreatmentForm = field(default_factory=TreatmentForm)
    fault: FaultForm = field(default_factory=FaultForm)
    key_off: FaultForm = field(default_factory=FaultForm)
    summary: SummaryForm = field(default_factory=SummaryForm)
    safety_log: SafetyLogForm = field(default_factory=SafetyLogForm)

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
