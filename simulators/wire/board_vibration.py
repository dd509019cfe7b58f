"""How the interlock board judges the smoothing motor: by windows of 100 ms of its accelerometer."""

from __future__ import annotations

from simulators.plant import SmoothingPlant

WINDOW_S = 0.100
WINDOWS_TO_AGREE = 3
DEFAULT_THRESHOLD_MG = 800


class VibrationWatch:
    """healthy: enough windows in a row were over threshold_mg, and not as many under it since."""

    __slots__ = (
        "_smoothing",
        "_windows_over",
        "_windows_under",
        "accelerometer_present",
        "healthy",
        "threshold_mg",
        "vibration_mg",
    )

    def __init__(self, smoothing: SmoothingPlant) -> None:
        self._smoothing = smoothing
        self._windows_over = self._windows_under = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything, as a reset does."""
        self.threshold_mg = DEFAULT_THRESHOLD_MG
        self._begin_anew(accelerometer_present=False)

    def look_for_accelerometer(self) -> bool:
        """Return whether it has come or gone since the last look; then the windows begin anew."""
        present = self._smoothing.accelerometer_present
        if present == self.accelerometer_present:
            return False
        self._begin_anew(present)
        return True

    def close_window(self) -> bool | None:
        """Judge the window that ends now: True is healthy, False is lost just now, None is neither."""
        if not self.accelerometer_present:
            return None
        self.vibration_mg = self._smoothing.vibration_mg()
        over = self.vibration_mg > self.threshold_mg
        self._windows_over = self._windows_over + 1 if over else 0
        self._windows_under = 0 if over else self._windows_under + 1
        if self._windows_over >= WINDOWS_TO_AGREE:
            self.healthy = True
            return True
        if self._windows_under >= WINDOWS_TO_AGREE and self.healthy:
            self.healthy = False
            return False
        return None

    def _begin_anew(self, accelerometer_present: bool) -> None:
        self.accelerometer_present = accelerometer_present
        self.healthy = False
        self.vibration_mg = 0
        self._windows_over = self._windows_under = 0
