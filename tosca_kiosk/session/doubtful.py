"""Settings of the site that do not mean what somebody may have meant: said and recorded, never a refusal.

They govern nothing. But a limit that somebody wanted, under a key that nobody reads, is not in force.
"""

from __future__ import annotations

from typing import Final

from tosca_kiosk.domain.events import SafetyEvent, noticed

DOUBTFUL_SETTING: Final = "doubtful_setting"
_TO_DO: Final = "Have the setting corrected."


def doubtful_setting(doubt: str) -> SafetyEvent:
    """Return the line of the safety log for a doubt that the operator was told of."""
    return noticed(
        "interlock_failure", f"{doubt} {_TO_DO}", "operator_informed", {"trigger_source": DOUBTFUL_SETTING}
    )
