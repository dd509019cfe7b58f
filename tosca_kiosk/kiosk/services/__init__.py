"""What the screens need done: the record behind one thread, so that no drawing waits for a disk."""

from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.kiosk.services.worker import Worker

__all__ = ["Record", "Worker"]
