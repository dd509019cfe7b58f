"""What the safety log has in hand."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.services.history import LogRow


@dataclass(frozen=True, slots=True)
class SafetyLogForm:
    """rows: None until read; page 0 is the newest."""

    rows: tuple[LogRow, ...] | None = None
    page: int = 0
    refused: str = ""
    busy: bool = False
