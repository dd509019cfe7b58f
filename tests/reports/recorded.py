"""A record with a session of every kind, each with its journal, and their reports as text and as pictures."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import cv2
import numpy as np
import pypdfium2

from benchmarks.rigs.recorded_cart import STARTED_UTC, RecordedCart, header
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.reports import report_pdf
from tosca_kiosk.storage import (
    DATABASE_NAME,
    Database,
    calibrations,
    cart_key,
    heads,
    import_journal,
    patients,
    sessions,
    users,
)

START = datetime.fromisoformat(STARTED_UTC).replace(tzinfo=UTC)
DAYS = 365
RENDERED = 3.0
"""Pixels a point."""
_CAMERA_SCALES = (4.0, 6.0, 5.0, 8.0, 3.0, 7.0, 4.5, 5.5)
"""As near as somebody holds a telephone to the page, one after the other until the code is read."""
NAME = "Dr. Ğülşen Öztürk-Weißenböck"
LONG = "Rötung über dem Jochbein, наблюдение, Ελληνικά, 左頬, עברית, \u202ereversed, \x07, 😀, <b>&amp;</b>. "
_CODE_WITHIN = 0.3
"""Of a page's width, from the left."""
_CURVES = (
    (
        "actuator",
        "-1",
        "actuator_position_to_ring_size",
        {"actuator_position_um": (0, 1000, 2000), "ring_size_mm": (2.0, 3.0, 4.0)},
    ),
    (
        "photodiode",
        "SIM-BOARD",
        "photodiode_voltage_to_power",
        {"voltage_v": (0.5, 2.5, 5.0), "power_watts": (1.0, 5.0, 10.0)},
    ),
)


class Kept(NamedTuple):
    """A session of the record, and the cart that made it."""

    number: int
    cart: RecordedCart


def _rows(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def completed(cart):
    cart.emit()
    cart.pedal = False
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.run(1.0)
    cart.pedal = True
    _to_the_end(cart)


def fault_and_reset(cart):
    cart.emit()
    cart.run(0.4)
    cart.tick(CommandType.STOP)
    cart.run(3.0)
    cart.reason = "looked at"
    cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
    cart.reason = None
    cart.pedal = False
    cart.run(1.0)
    cart.emit()
    _to_the_end(cart)


def overridden(cart):
    """Treat with 3.5 W, and on a ring of 3.4 mm, from a pause on; a higher power was refused before."""
    cart.emit()
    cart.tick(CommandType.PAUSE)
    cart.pedal = False
    cart.run(1.0)
    for number, (kind, value) in enumerate((
        (CommandType.POWER_OVERRIDE, 12.0),
        (CommandType.POWER_OVERRIDE, 3.5),
        (CommandType.RING_OVERRIDE, 3.4),
    )):  # fmt: skip
        cart.ask(Command(id=100 + number, type=kind, reason="patient tolerance", user="sup", value=value))
        cart.run(0.5)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    cart.tick(CommandType.ARM)
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    _to_the_end(cart)


def without_light(cart):
    cart.open()
    cart.run(0.5)
    cart.tick(CommandType.CLOSE_SESSION)


def broken_off(cart):
    cart.emit()
    cart.run(0.5)


def _to_the_end(cart):
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    cart.run(0.5)
    cart.tick(CommandType.CLOSE_SESSION)


class Recorded:
    """A data directory with its record."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        with self.open() as database:
            self.key = cart_key.of_record(database, data_dir)
            with database.transaction(1) as transaction:
                patients.add(transaction, START, date_of_birth=datetime(1958, 5, 4).date())
                users.add(transaction, "sup", NAME, "supervisor", START)
                for device, serial, kind, columns in _CURVES:
                    calibrations.add(
                        transaction,
                        calibrated_utc=START - timedelta(days=400),
                        tech_id=1,
                        device_type=device,
                        device_serial=serial,
                        calibration_type=kind,
                        calibration_data=json.dumps({"calibration_points": _rows(columns)}),
                    )

    def open(self):
        return Database.open(self.data_dir / DATABASE_NAME)

    def session(self, drive, *, origin="real", whole=True, close=True, signed=True, **said):
        """Run a session on an ideal cart and keep it as control and kiosk would."""
        rules = header().rules
        with self.open() as database:
            with database.transaction(1) as transaction:
                made = sessions.start(
                    transaction,
                    patient_id=1,
                    tech_id=2,
                    start_utc=START,
                    protocol_name=said.pop("protocol_name", rules.protocol.name),
                    protocol_snapshot=to_json(rules.protocol, named=True),
                    protocol_id=None,
                    origin=origin,
                    **said,
                )
            cart = RecordedCart(header(session_id=made.session_id, tech_id=2, origin=origin))
            drive(cart)
            if whole:
                cart.lines.append(cart.writer.end(summarise(cart.state)))
            folder = sessions.folder_of(made, self.data_dir)
            folder.mkdir(parents=True)
            journal = folder / "journal.jsonl"
            journal.write_bytes(b"".join(cart.lines))
            if close:
                import_journal(database, journal, START)
                if signed:
                    with database.transaction() as transaction:
                        heads.sign(transaction.connection, self.key, "session")
        return Kept(made.session_id, cart)

    def journal(self, number):
        """Return where a session's journal lies."""
        [folder] = self.data_dir.glob(f"sessions/{number}_*")
        return folder / "journal.jsonl"

    def report(self, number):
        """Return a session's report, read back."""
        with self.open() as database, database.reading() as reader:
            return Report(report_pdf(reader, self.data_dir, number, calibration_interval_days=DAYS))


class Report:
    """A report as a reader has it. pages: their words, blanks and breaks as one blank; said: all of them."""

    def __init__(self, content):
        self.content = content
        document = pypdfium2.PdfDocument(content)
        self.metadata = document.get_metadata_dict()
        self.pages, self.pictures = [], []
        for page in document:
            text = page.get_textpage()
            self.pages.append(re.sub(r"\s+", " ", text.get_text_range()))
            text.close()
            page.close()
        self.said = " ".join(self.pages)
        document.close()

    def picture(self, number, scale=RENDERED):
        """Return a page as pixels, blue, green, red. scale: of them a point has so many."""
        document = pypdfium2.PdfDocument(self.content)
        page = document[number]
        found = page.render(scale=scale).to_numpy().copy()
        page.close()
        document.close()
        return found

    @property
    def code(self):
        """What the QR code on the last page holds."""
        for scale in _CAMERA_SCALES:
            page = self.picture(len(self.pages) - 1, scale)
            left = np.ascontiguousarray(page[:, : int(page.shape[1] * _CODE_WITHIN)])
            found, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.cvtColor(left, cv2.COLOR_BGR2GRAY))
            if found:
                return found
        return ""
