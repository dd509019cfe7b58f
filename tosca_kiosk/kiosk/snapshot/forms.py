"""What each screen has in hand besides control's data: its part of the snapshot, all immutable.

busy: something was asked of the record or of control, and no answer has come yet. refused: why the last
wish was not granted, shown in place. PINs are never here: the pad hands them over and forgets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tosca_kiosk.kiosk.services.accounts import Accounts
from tosca_kiosk.kiosk.services.history import LogRow, SessionResult
from tosca_kiosk.kiosk.services.people import FoundPatients
from tosca_kiosk.kiosk.services.plans import ListedProtocol, Listing
from tosca_kiosk.session import EarlierDose
from tosca_kiosk.storage.users import User


class SetUpStep(StrEnum):
    """The steps of the first start, in their order."""

    ADMIN_PIN = "admin_pin"
    ADMIN_PIN_AGAIN = "admin_pin_again"
    NAME = "name"
    PIN = "pin"
    PIN_AGAIN = "pin_again"


@dataclass(frozen=True, slots=True)
class FirstStartForm:
    """The first start. full_name: of the technician to create."""

    step: SetUpStep = SetUpStep.ADMIN_PIN
    full_name: str = ""
    refused: str = ""
    busy: bool = False


@dataclass(frozen=True, slots=True)
class LoginForm:
    """Signing in. accounts: None until the record was read. retry_at_s: no PIN is looked at before."""

    accounts: Accounts | None = None
    chosen: User | None = None
    refused: str = ""
    retry_at_s: float = 0.0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class PatientsForm:
    """Choosing or creating a patient. creating: the form of a new one is shown."""

    found: FoundPatients | None = None
    query: str = ""
    creating: bool = False
    code: str = ""
    notes: str = ""
    refused: str = ""
    busy: bool = False


@dataclass(frozen=True, slots=True)
class ProtocolsForm:
    """Choosing a protocol."""

    listing: Listing | None = None
    chosen: ListedProtocol | None = None
    busy: bool = False


class Opening(StrEnum):
    """How far a session's opening has come."""

    NOT_ASKED = "not_asked"
    PREPARING = "preparing"
    """The plan is checked and the backup made."""
    CONFIRM_DOSE = "confirm_dose"
    """The patient had light that is not provably older than 24 h: it is shown, and asked about if need be."""
    OPENING = "opening"
    """Row and folder are made and control is asked."""
    OPEN = "open"
    CLOSING = "closing"
    """Control closes the session and the journal is imported."""
    UNCONFIRMED = "unconfirmed"
    """Control does not close it: it is not known that the light has ended."""


@dataclass(frozen=True, slots=True)
class TreatmentForm:
    """The session on its way. earlier: the patient's light before it; pending: an order not answered.

    tested_after: how many self-tests control had begun when one was asked for here, None where none was.
    overdue: a calibration in use is overdue.
    """

    opening: Opening = Opening.NOT_ASKED
    earlier: EarlierDose | None = None
    homing_asked: bool = False
    asking_end: bool = False
    refused: str = ""
    pending: str = ""
    tested_after: int | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class FaultForm:
    """What a PIN is asked for. chosen: whose, None for none yet. reason: why, where that must be said."""

    chosen: User | None = None
    refused: str = ""
    retry_at_s: float = 0.0
    busy: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SummaryForm:
    """A closed session. result: None while it is read. closing: its record is being written yet."""

    result: SessionResult | None = None
    refused: str = ""
    busy: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class SafetyLogForm:
    """The safety log. rows: None until read; page 0 is the newest."""

    rows: tuple[LogRow, ...] | None = None
    page: int = 0
    busy: bool = False
