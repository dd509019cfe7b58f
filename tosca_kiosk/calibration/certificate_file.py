"""A maker's certificate as a file, YAML or CSV: read so that every mistake is named by its path or line.

CERTIFICATES.md beside this file is its description for whoever writes one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tosca_kiosk.config.cart import LONGEST_INTERVAL_DAYS
from tosca_kiosk.config.yaml_text import load_yaml
from tosca_kiosk.domain.calibrating.kinds import KINDS, Kind
from tosca_kiosk.domain.calibrating.readings import Reading
from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, RING
from tosca_kiosk.domain.documents import DocumentError, PathError, StrictModel, shape_errors, shown
from tosca_kiosk.session.errors import RefusedError

_MOST_BYTES: Final = 1_000_000
_HIGHEST_POINT: Final = 9999
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.IGNORECASE)
_READING: Final = re.compile(r"readings\[(\d+)\]\.?")
_READINGS: Final = "readings"


class CertificateError(DocumentError):
    """A certificate that is refused; nothing of it is stored."""


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate as it was read. y_range, uncertainty: of the meter, in the units of y and tolerance.

    due_on: None where neither a day nor an interval is stated. where: of a path, as its document counts.
    """

    kind: Kind
    sha256: str
    device_serial_number: str
    measured_on: date
    measured_by: str
    number: str
    dated: date
    due_on: date | None
    interval_days: int | None
    notes: str | None
    meter_serial_number: str
    wavelength_nm: float
    y_range: float
    uncertainty: float
    calibrated_until: date
    readings: tuple[Reading, ...]
    where: Callable[[str], str]


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("day", "must be a day such as 2026-11-02") from None
    return text


_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Day = Annotated[str, AfterValidator(_day)]


class _PowerMeter(StrictModel):
    serial_number: _Text
    wavelength_nm: float = Field(gt=0)
    range_watts: float = Field(gt=0)
    uncertainty_percent: float = Field(gt=0)
    calibrated_until: _Day


class _RingMeter(StrictModel):
    serial_number: _Text
    wavelength_nm: float = Field(gt=0)
    range_mm: float = Field(gt=0)
    uncertainty_mm: float = Field(gt=0)
    calibrated_until: _Day


class _Head(StrictModel):
    calibration_type: _Text
    device_serial_number: _Text
    measured_on: _Day
    measured_by: _Text
    certificate_number: _Text
    certificate_date: _Day
    due_on: _Day | None = None
    interval_days: Annotated[int, Field(gt=0, le=LONGEST_INTERVAL_DAYS)] | None = None
    notes: _Text | None = None


class _Repeat(StrictModel):
    point: int = Field(gt=0, le=_HIGHEST_POINT)


class _PhotodiodeReading(_Repeat):
    voltage_v: float
    power_watts: float


class _PowerReading(_Repeat):
    current_ma: float
    power_watts: float


class _RingReading(_Repeat):
    actuator_position_um: float
    ring_size_mm: float


class _Photodiode(_Head):
    meter: _PowerMeter
    readings: list[_PhotodiodeReading]


class _Power(_Head):
    meter: _PowerMeter
    readings: list[_PowerReading]


class _Ring(_Head):
    meter: _RingMeter
    readings: list[_RingReading]


_SHAPES: Final[dict[str, type[StrictModel]]] = {PHOTODIODE: _Photodiode, POWER: _Power, RING: _Ring}
_WHOLE: Final = frozenset({"point", "interval_days"})
_TEXTS: Final = frozenset({*_Head.model_fields, "serial_number", "calibrated_until"}) - _WHOLE
"""In a CSV every value is text; what is none of these is a number."""


def read(file: Path) -> CertificateFile:
    """Return the certificate of a file.

    Raises CertificateError with every mistake, RefusedError for what cannot be read, or is no such file.
    """
    content = _content(file)
    tree, errors, where = _tree(file, content)
    if not errors:
        errors = _shape(tree)
    if errors:
        source = str(file)
        raise CertificateError(source, tuple(PathError(where(one.path), one.text) for one in errors))
    return _certificate(tree, sha256(content).hexdigest(), where)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RefusedError(
            f"{file}: the certificate cannot be read ({error.strerror}); check the path"
        ) from error
    if len(content) > _MOST_BYTES:
        raise RefusedError(f"{file}: is over {_MOST_BYTES} bytes and no certificate; name another file")
    return content


def _tree(file: Path, content: bytes) -> tuple[Any, list[PathError], Callable[[str], str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [PathError("", f"is not UTF-8 text (byte {error.start})")], str
    suffix = file.suffix.lower()
    if suffix in (".yaml", ".yml"):
        tree, problem = load_yaml(text)
        return (None, [problem], str) if problem else (_plain(tree), [], str)
    if suffix == ".csv":
        return _Csv(text).read()
    raise RefusedError(f"{file}: a certificate is a file that ends in .yaml or .csv; see CERTIFICATES.md")


def _plain(value: Any) -> Any:
    """Return YAML's value with each day as its text."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value.isoformat() if isinstance(value, date) else value


def _shape(tree: Any) -> list[PathError]:
    if not isinstance(tree, dict):
        return [PathError("", "is no certificate: keys such as calibration_type and readings are missing")]
    named = tree.get("calibration_type")
    shape = _SHAPES.get(named) if isinstance(named, str) else None
    if shape is None:
        said = "is missing" if named is None else f"{shown(named)} is none"
        return [PathError("calibration_type", f"{said}; allowed: {', '.join(_SHAPES)}")]
    errors = [_with_advice(tree, one) for one in shape_errors(shape, tree)]
    if not errors and tree.get("due_on") is not None and tree.get("interval_days") is not None:
        errors.append(PathError("due_on", "and interval_days are both given; keep one"))
    return errors


def _with_advice(tree: dict[str, Any], error: PathError) -> PathError:
    """Say where a comma stands for a decimal point."""
    if re.match(r'"[+-]?\d+,\d+" must be a number', error.text):
        return PathError(error.path, f"{error.text}: write a point, not a comma")
    return error


def _certificate(tree: dict[str, Any], digest: str, where: Callable[[str], str]) -> CertificateFile:
    kind, meter = KINDS[tree["calibration_type"]], tree["meter"]
    of_unit = "watts" if kind.unit == "%" else "mm"
    due = tree.get("due_on")
    return CertificateFile(
        kind=kind,
        sha256=digest,
        device_serial_number=tree["device_serial_number"],
        measured_on=date.fromisoformat(tree["measured_on"]),
        measured_by=tree["measured_by"],
        number=tree["certificate_number"],
        dated=date.fromisoformat(tree["certificate_date"]),
        due_on=None if due is None else date.fromisoformat(due),
        interval_days=tree.get("interval_days"),
        notes=tree.get("notes"),
        meter_serial_number=meter["serial_number"],
        wavelength_nm=float(meter["wavelength_nm"]),
        y_range=float(meter[f"range_{of_unit}"]),
        uncertainty=float(meter["uncertainty_percent" if kind.unit == "%" else "uncertainty_mm"]),
        calibrated_until=date.fromisoformat(meter["calibrated_until"]),
        readings=tuple(
            Reading(
                place=f"{_READINGS}[{index}]",
                point=one["point"],
                x=float(one[kind.x_name]),
                y=float(one[kind.y_name]),
            )
            for index, one in enumerate(tree[_READINGS])
        ),
        where=where,
    )


class _Csv:
    """A certificate as CSV: lines `key,value`, the line of columns, which begins with point, readings."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[str, int] = {}
        self._reading_lines: list[int] = []
        self._errors: list[PathError] = []

    def read(self) -> tuple[Any, list[PathError], Callable[[str], str]]:
        tree: dict[str, Any] = {}
        columns: list[str] | None = None
        for number, cells in self._rows():
            if columns is not None:
                self._reading(tree, number, columns, cells)
            elif cells[0] == "point":
                columns = cells
                self._columns(number, columns)
                tree[_READINGS] = []
            else:
                self._key(tree, number, cells)
        return tree, self._errors, self._where

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are not empty, with the number of their line."""
        reader = csv.reader(self._text.splitlines())
        try:
            for row in reader:
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            self._errors.append(PathError(f"line {reader.line_num}", f"is no CSV: {error}"))

    def _key(self, tree: dict[str, Any], number: int, cells: list[str]) -> None:
        key, *values = cells
        if ";" in key and not values:
            self._errors.append(PathError(f"line {number}", "semicolons part the values; commas have to"))
            return
        if not values or any(values[1:]):
            text = "a line before the readings is key,value; a value with a comma is put in quotes"
            self._errors.append(PathError(f"line {number}", text))
            return
        if key in self._lines:
            self._errors.append(PathError(f"line {number}, {shown(key)}", "occurs twice; keep one"))
            return
        self._lines[key] = number
        *parents, last = key.split(".")
        place = tree
        for parent in parents:
            held = place.setdefault(parent, {})
            if not isinstance(held, dict):
                self._errors.append(PathError(f"line {number}", f"{shown(parent)} has a value already"))
                return
            place = held
        place[last] = _value(last, values[0])

    def _columns(self, number: int, columns: list[str]) -> None:
        self._lines[_READINGS] = number
        for name in dict.fromkeys(one for one in columns if columns.count(one) > 1):
            self._errors.append(PathError(f"line {number}, {shown(name)}", "occurs twice; keep one"))

    def _reading(self, tree: dict[str, Any], number: int, columns: list[str], cells: list[str]) -> None:
        while len(cells) > len(columns) and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != len(columns):
            text = f"{len(cells)} values for {len(columns)} columns"
            comma = "; write a decimal point, not a comma" if len(cells) > len(columns) else ""
            self._errors.append(PathError(f"line {number}", text + comma))
            return
        self._reading_lines.append(number)
        row = {name: _value(name, cell) for name, cell in zip(columns, cells, strict=True)}
        tree[_READINGS].append(row)

    def _where(self, path: str) -> str:
        if found := _READING.match(path):
            behind = path[found.end() :]
            line = f"line {self._reading_lines[int(found.group(1))]}"
            return f"{line}, {behind}" if behind else line
        return f"line {self._lines[path]}, {path}" if path in self._lines else path


def _value(name: str, text: str) -> Any:
    """Return what a cell says; what should be a number and is none stays the text, and is refused as such."""
    if name in _TEXTS:
        return text
    if name in _WHOLE:
        return int(text) if re.fullmatch(r"\d{1,9}", text) else text
    return float(text) if _NUMBER.fullmatch(text) else text
