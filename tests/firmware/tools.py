"""A machine that lacks the firmware's tools skips its tests, or fails them where they are required."""

from __future__ import annotations

import os

import pytest

from benchmarks.firmware.build import PACKAGES, build, missing_tools


def required() -> bool:
    """Return whether a machine without the tools fails: `make test` installs them, and so does CI."""
    return bool(os.environ.get("FIRMWARE_TOOLS") == "required" or os.environ.get("CI"))


def build_or_skip() -> str:
    """Return what the build said; without the tools skip the test, or fail it where they are required."""
    missing = missing_tools()
    if missing:
        stop = pytest.fail if required() else pytest.skip
        stop(f"firmware not built: {', '.join(missing)} missing; Debian packages in {PACKAGES}")
    return build()
