"""What the summary has in hand."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.services.history import PlottedResult


@dataclass(frozen=True, slots=True)
class SummaryForm:
    """A closed session. result: None before it is read. busy: it is being read, or its notes kept."""

    result: PlottedResult | None = None
    refused: str = ""
    busy: bool = False
