"""Which of a tick's events latched a fault, and what passed on every port in the seconds before it."""

from __future__ import annotations

from tosca_kiosk.control.devices import Devices
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.rows import SHUTDOWN
from tosca_kiosk.journal.fault_traces import FaultTrace


def fault_trace(
    devices: Devices, safety: tuple[SafetyEvent, ...], fault_s: float, epoch_s: float
) -> FaultTrace | None:
    """Return the traces to save with these events; None where none of them latched a fault.

    Whatever latches switches the laser off, so that action tells; its severity may be a warning's.
    """
    latched = next((event for event in safety if event.action_taken == SHUTDOWN), None)
    if latched is None:
        return None
    ports = tuple((key, trace.snapshot()) for key, trace in devices.traces.items())
    source = str(latched.details["trigger_source"])
    return FaultTrace(source=source, what=latched.description, fault_s=fault_s, epoch_s=epoch_s, ports=ports)
