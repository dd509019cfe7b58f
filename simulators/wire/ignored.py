"""What a device ignores while it obeys everything."""

from __future__ import annotations

NOTHING = "nothing"
