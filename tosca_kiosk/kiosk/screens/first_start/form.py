"""What the first start has in hand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SetUpStep(StrEnum):
    """The steps of the first start, in their order."""

    ADMIN_PIN = "admin_pin"
    ADMIN_PIN_AGAIN = "admin_pin_again"
    NAME = "name"
    PIN = "pin"
    PIN_AGAIN = "pin_again"


@dataclass(frozen=True, slots=True)
class FirstStartForm:
    """full_name: of the technician to create."""

    step: SetUpStep = SetUpStep.ADMIN_PIN
    full_name: str = ""
    refused: str = ""
    busy: bool = False
