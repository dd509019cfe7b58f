"""Events that these tests write."""

from __future__ import annotations

from tosca_kiosk.domain.events import SafetyEvent, TreatmentEvent


def treatment_event(power_w: float) -> TreatmentEvent:
    """Return a sample of measured power."""
    return TreatmentEvent(
        event_type="power_change",
        power_commanded_w=5.0,
        power_actual_w=power_w,
        ring_size_mm=3.0,
        actuator_position_um=1000.0,
        photodiode_v=2.5,
        footpedal=True,
        smoothing=False,
        interlocks={"pedal": True, "smoothing": False},
        details={"sample": True},
    )


def safety_event(severity: str = "critical") -> SafetyEvent:
    """Return a fault of the smoothing device."""
    return SafetyEvent(
        event_type="smoothing_device_fault",
        severity=severity,
        description="The smoothing device does not vibrate.",
        system_state="treating",
        laser_state="on",
        footpedal=True,
        smoothing=False,
        photodiode_v=2.5,
        action_taken="laser_shutdown",
        details={"trigger_source": "smoothing"},
    )
