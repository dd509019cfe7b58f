"""`calibrate` as a user calls it: a certificate comes in, is judged, confirmed or rejected, and printed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest

from tests.calibration.papers import SERIALS, certificate, true_points, written
from tests.cli.kiosk_command import Cart
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.calibrating.kinds import KINDS
from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, RING
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import overdue_calibrations
from tosca_kiosk.storage import Database, patients, sessions

TODAY = utc_now().date()
SUE = ("--tech", "sue")
JANE = ("--tech", "jane")
NAMES = {PHOTODIODE: "BOARD", POWER: "LASER", RING: "STAGE"}


class OtherCart(Cart):
    """A cart whose devices are not those that the shipped calibrations are of."""

    def __init__(self, data_dir, config):
        super().__init__(data_dir)
        self.config = config

    @property
    def place(self):
        return (*super().place, "--config", str(self.config))

    def rows(self):
        with closing(sqlite3.connect(self.database)) as record:
            return record.execute("SELECT * FROM calibrations ORDER BY calibration_id").fetchall()

    def imported(self, folder, document, name="certificate.yaml"):
        return self.json("calibrate", "import", written(folder, document, name), *JANE)["calibration_id"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    text = bundled("simulated.yaml").read_text(encoding="utf-8")
    for shipped, kind in (
        ('"SIM-BOARD"', PHOTODIODE),
        ('"SIM-LASER"\n', POWER),
        ('serial_number: "-1"', RING),
    ):
        name = f'"{SERIALS[kind]}"'
        new = {POWER: f"{name}\n", RING: f"serial_number: {name}"}.get(kind, name)
        text = text.replace(shipped, new, 1)
    (folder / "cart.yaml").write_text(text, encoding="utf-8")
    cart = OtherCart(folder / "data", folder / "cart.yaml")
    cart.text("db", "init")
    for name, role in (("jane", "technician"), ("sue", "supervisor")):
        cart.text("users", "add", name, "--full-name", name.title(), "--role", role)
    return cart


@pytest.fixture
def cart(made, tmp_path):
    shutil.copytree(made.data_dir, tmp_path / "data")
    return OtherCart(tmp_path / "data", made.config)


@pytest.mark.parametrize("name", ["certificate.yaml", "certificate.csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_comes_in_waits_and_comes_into_force(cart, tmp_path, kind, name):
    before = cart.rows()
    number = cart.imported(tmp_path, certificate(kind, TODAY), name)
    shown = cart.json("calibrations", "show", str(number))
    assert (shown["is_active"], shown["state"]) == (False, "awaits confirmation")
    assert shown["device_serial_number"] == SERIALS[kind]
    assert shown["validation_data"]["judgement"]["failures"] == []
    assert set(shown["calibration_data"]) >= {"interpolation_method", "fit_equation", "r_squared"}
    assert [point[KINDS[kind].x_name] for point in shown["points"]] == [x for x, _ in true_points(kind)]
    listed = cart.json("calibrations", "list")
    assert [one["calibration_id"] for one in listed["waiting"]] == [number]
    assert any(f"awaits tosca-kiosk calibrate confirm {number}" in line for line in listed["missing"])
    assert cart.json("calibrate", "confirm", str(number), *SUE)["replaced"] is None
    shown = cart.json("calibrations", "show", str(number))
    assert (shown["state"], shown["validation_data"]["decision"]["by"]) == ("in force", "sue")
    assert "Passed." in cart.text("calibrations", "show", str(number))
    assert cart.rows()[: len(before)] == before


def test_csv_and_yaml_say_the_same(cart, tmp_path):
    found = {}
    for name in ("one.yaml", "two.csv"):
        document = certificate(PHOTODIODE, TODAY, certificate_number=name)
        shown = cart.json("calibrations", "show", str(cart.imported(tmp_path, document, name)))
        found[name] = shown["calibration_data"], shown["validation_data"]["judgement"]
    assert found["one.yaml"] == found["two.csv"]


@pytest.mark.parametrize("name", ["photodiode.yaml", "ring.csv"])
def test_the_shipped_examples_are_certificates(cart, tmp_path, name):
    stem, suffix = name.split(".")
    content = bundled(f"calibrations/certificate_{stem}.{suffix}").read_text("utf-8")
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    assert cart.json("calibrate", "import", str(file), *JANE)["passed"]


def test_one_is_in_force_and_the_others_are_history(cart, tmp_path):
    first = cart.imported(tmp_path, certificate(PHOTODIODE, TODAY - timedelta(days=200)))
    cart.text("calibrate", "confirm", str(first), *SUE)
    rows = [
        {**one, "power_watts": one["power_watts"] * 1.01}
        for one in certificate(PHOTODIODE, TODAY)["readings"]
    ]
    again = cart.imported(tmp_path, certificate(PHOTODIODE, TODAY, certificate_number="next", readings=rows))
    assert cart.json("calibrate", "confirm", str(again), *SUE)["replaced"] == first
    states = {
        one["calibration_id"]: one["state"]
        for one in cart.json("calibrations", "history", SERIALS[PHOTODIODE])["calibrations"]
    }
    assert states == {again: "in force", first: "out of force"}
    [moved] = cart.json("calibrations", "show", str(again))["validation_data"]["drift"]["moved"]
    assert moved["number"] == first
    older = cart.imported(
        tmp_path, certificate(PHOTODIODE, TODAY - timedelta(days=9), certificate_number="late")
    )
    assert "reject takes that one out of force" in cart.refused("calibrate", "confirm", str(older), *SUE)
    cart.text("calibrate", "reject", str(again), *SUE, "--reason", "The lens was turned")
    assert f"calibration {older} awaits" in str(cart.json("calibrations", "list")["missing"])


def test_who_brought_it_in_does_not_confirm_it(cart, tmp_path):
    file = written(tmp_path, certificate(PHOTODIODE, TODAY))
    number = str(cart.json("calibrate", "import", file, *SUE)["calibration_id"])
    assert "another supervisor has to" in cart.refused("calibrate", "confirm", number, *SUE)
    assert "'jane' is no active supervisor" in cart.refused("calibrate", "confirm", number, *JANE)
    cart.text("users", "set-pin", "admin", "--pin-stdin", stdin="271828\n")
    assert "not accepted" in cart.refused("calibrate", "confirm", number, "--tech", "admin", stdin="271829\n")
    assert not cart.json("calibrations", "show", number)["is_active"]


def test_a_rejected_one_stays_out_and_needs_a_reason(cart, tmp_path):
    number = str(cart.imported(tmp_path, certificate(RING, TODAY)))
    assert "a change needs a reason" in cart.refused("calibrate", "reject", number, *SUE)
    why = ("--reason", "Another stage is on the paper")
    cart.text("calibrate", "reject", number, *SUE, *why)
    shown = cart.json("calibrations", "show", number)
    assert (shown["state"], shown["validation_data"]["decision"]["reason"]) == ("rejected", why[1])
    for word in ("confirm", "reject"):
        assert "is rejected" in cart.refused("calibrate", word, number, *SUE, *why)


def test_what_fails_is_stored_as_failed_and_never_comes_into_force(cart, tmp_path):
    document = certificate(PHOTODIODE, TODAY)
    for one in document["readings"]:
        one["power_watts"] /= 10.0
    result = cart.run("calibrate", "import", written(tmp_path, document), *JANE, "--json")
    answer = json.loads(result.stdout)
    number = str(answer["calibration_id"])
    assert (result.exit_code, answer["passed"]) == (1, False)
    assert f"stored as calibration {number}, failed: wrong meter range" in result.stderr
    assert cart.json("calibrations", "show", number)["state"] == "failed"
    assert "failed and stays out: wrong meter" in cart.refused("calibrate", "confirm", number, *SUE)
    [line] = [line for line in cart.json("calibrations", "list")["missing"] if line.startswith(PHOTODIODE)]
    assert f"calibration {number} failed (wrong meter range" in line
    assert "; tosca-kiosk calibrate photodiode makes it, " in line
    assert line.endswith("calibrate import FILE brings in the interlock board's certificate")


def readings_with(**changes):
    rows = certificate(PHOTODIODE, TODAY)["readings"]
    rows[4] = {**rows[4], **changes}
    return rows


def ago(days):
    return str(TODAY - timedelta(days=days))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"device_serial_number": "BOARD-2"},
         "'BOARD-2' is not the interlock board of this cart, which is 'BOARD-0001'; see"),
        ({"device_serial_number": 17}, "17 must be text; put it in quotes"),
        ({"meter__wavelength_nm": 1064}, "meter.wavelength_nm: 1064 nm; the light has 1550 nm"),
        ({"meter__calibrated_until": ago(1)}, "the meter's own calibration ended"),
        ({"measured_on": ago(400), "certificate_date": ago(400)}, "the certificate expired on"),
        ({"interval_days": None, "due_on": ago(1)}, "due_on: the certificate expired"),
        ({"measured_on": ago(-9), "certificate_date": ago(-9)}, "is after today"),
        ({"measured_on": "9999-12-31"}, "measured_on: 9999-12-31 is after today"),
        ({"interval_days": 10**10}, "interval_days: 10000000000 must be 3660 or less"),
        ({"readings": readings_with(point=2**70)}, "readings[4].point: 1180591620717411303424 must be 9999"),
        ({"certificate_date": ago(3)}, "is before it was measured"),
        ({"measured_on": "soon"}, "must be a day such as 2026-11-02"),
        ({"due_on": ago(-9)}, "due_on: and interval_days are both given; keep one"),
        ({"measured_by": None}, "measured_by: is missing"),
        ({"colour": "red"}, "colour: is not known; allowed: calibration_type"),
        ({"calibration_type": "camera"}, 'calibration_type: "camera" is none; allowed: photodiode'),
        ({"readings": readings_with(voltage_v="0,5")},
         'readings[4].voltage_v: "0,5" must be a number: write a point'),
        ({"readings": readings_with(power_watts="x")}, 'readings[4].power_watts: "x" must be a number'),
        ({"readings": readings_with(power_watts=float("nan"))}, "must be a finite number"),
        ({"readings": readings_with(power_watts=0)}, "readings[4].power_watts: 0 is no reading"),
        ({"readings": readings_with(power_watts=16)}, "16 is over range, which ends at 15"),
        ({"readings": readings_with(voltage_v=5.0)}, "5 is over range"),
        ({"readings": certificate(PHOTODIODE, TODAY)["readings"][:6]}, "2 points; 5 to 40 make"),
    ],
)  # fmt: skip
def test_a_certificate_with_a_mistake_is_refused_by_path_and_nothing_is_stored(cart, tmp_path, changes, said):
    before = cart.rows()
    file = written(tmp_path, certificate(PHOTODIODE, TODAY, **changes))
    refused = cart.refused("calibrate", "import", file, *JANE)
    assert refused.startswith(f"{file}: ")
    assert said in refused
    assert cart.rows() == before


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2,1.0,1.9988", "2,1,0,1.9988",
         "line 19: 4 values for 3 columns; write a decimal point, not a comma"),
        ("2,1.0,1.9988", "2,1.0,1.99S8", 'line 19, power_watts: "1.99S8" must be a number'),
        ("2,1.0,1.9988", "2,1.0,0", "line 19, power_watts: 0 is no reading"),
        ("2,1.0,1.9988", "two,1.0,1.9988", 'line 19, point: "two" must be a whole number'),
        ("meter.wavelength_nm,1550", "meter.wavelength_nm,980", "line 9, meter.wavelength_nm: 980 nm"),
        ("meter.wavelength_nm,1550", "meter.wavelength_nm;1550", "line 9: semicolons part the values"),
        ("meter.wavelength_nm,1550", "measured_by,again", 'line 9, "measured_by": occurs twice; keep one'),
        ("point,voltage_v,power_watts", "point,volts,power_watts", "volts: is not known"),
        ("point,voltage_v,power_watts", "point,voltage_v,power_watts,power_watts",
         'line 14, "power_watts": occurs twice; keep one'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_csv_is_told_by_its_line(cart, tmp_path, before, after, said):
    file = tmp_path / "certificate.csv"
    text = Path(written(tmp_path, certificate(PHOTODIODE, TODAY), file.name)).read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    assert said in cart.refused("calibrate", "import", str(file), *JANE)


def test_what_is_no_certificate_is_refused(cart, tmp_path):
    for name, content, said in (
        ("a.txt", b"", "a certificate is a file that ends in .yaml or .csv"),
        ("a.yaml", b"\xff", "is not UTF-8 text (byte 0)"),
        ("a.yaml", b"a: [", "line 1, column 5: no YAML"),
        ("a.yaml", b"", "is no certificate"),
        ("a.csv", b"", "calibration_type: is missing"),
        ("a.csv", b'"a\n', "line 1: a line before the readings is key,value"),
        ("a.csv", b"a," + b"b" * 200_000, "line 1: is no CSV"),
        ("a.yaml", b"#" * 1_000_001, "is over 1000000 bytes"),
    ):
        (tmp_path / name).write_bytes(content)
        assert said in cart.refused("calibrate", "import", str(tmp_path / name), *JANE)
    missing = str(tmp_path / "none.yaml")
    assert "the certificate cannot be read" in cart.refused("calibrate", "import", missing, *JANE)


def test_the_same_certificate_does_not_come_in_twice(cart, tmp_path):
    number = cart.imported(tmp_path, certificate(POWER, TODAY))
    file = written(tmp_path, certificate(POWER, TODAY))
    assert f"is calibration {number} already" in cart.refused("calibrate", "import", file, *JANE)


def test_nothing_comes_into_force_while_a_session_is_open(cart, tmp_path):
    number = str(cart.imported(tmp_path, certificate(POWER, TODAY)))
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        patient = patients.add(transaction, utc_now(), code="P-2026-0001", created_by=1)
        opened = sessions.start(
            transaction,
            patient_id=patient.patient_id,
            tech_id=1,
            start_utc=utc_now(),
            protocol_name="any",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
            session_data_path="sessions",
        )
    for words in (("confirm", number), ("reject", number, "--reason", "any")):
        assert f"session {opened.session_id} is open" in cart.refused("calibrate", *words, *SUE)
    assert not cart.json("calibrations", "show", number)["is_active"]


def test_a_stated_due_day_comes_before_the_interval(cart, tmp_path):
    due = TODAY + timedelta(days=30)
    document = certificate(PHOTODIODE, TODAY, interval_days=None, due_on=str(due))
    number = str(cart.imported(tmp_path, document))
    assert cart.json("calibrations", "show", number)["due"].startswith(str(due))
    cart.text("calibrate", "confirm", number, *SUE)
    config, then = load_config(cart.config), utc_now() + timedelta(days=31)
    with Database.open(cart.database, create=False) as database:
        assert overdue_calibrations(database, config, utc_now()) == ()
        said = overdue_calibrations(database, config, then)
    assert said[0].startswith("The photodiode calibration of ")
    assert "it was due after 30." in said[0]


def test_it_is_done_beside_a_running_kiosk_which_holds_the_directory(cart, tmp_path):
    with Workplace(cart.config, cart.data_dir, as_json=True).locked():
        number = str(cart.imported(tmp_path, certificate(RING, TODAY)))
        assert cart.json("calibrate", "confirm", number, *SUE)["is_active"]


def test_the_certificate_is_a_pdf_with_all_that_was_judged(cart, tmp_path):
    number = str(cart.imported(tmp_path, certificate(PHOTODIODE, TODAY)))
    paper = tmp_path / "paper.pdf"
    cart.text("calibrate", "certificate", number, "--to", str(paper))
    with closing(pypdfium2.PdfDocument(paper)) as document:
        said = " ".join("".join(page.get_textpage().get_text_bounded() for page in document).split())
        picture = document[0].render(scale=2.0).to_numpy().astype(int)
    for word in ("BOARD-0001", "Passed, awaits confirmation", "PM-3311, 1550 nm", "EM-photodiode", "R² = 1.0",
                 "JCGM 100:2008", "Supervisor, name and signature", "No earlier calibration"):  # fmt: skip
        assert word in said, word
    assert (picture[..., 0] - picture[..., 2] > 60).sum() > 100, "no readings are drawn"
    assert "is there already" in cart.refused("calibrate", "certificate", number, "--to", str(paper))
    assert "not judged by this program" in cart.refused(
        "calibrate", "certificate", "1", "--to", str(tmp_path / "b")
    )
    assert "no calibration has the number 99" in cart.refused(
        "calibrate", "certificate", "99", "--to", str(tmp_path / "b")
    )
