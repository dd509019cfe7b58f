"""How rows become the bytes of a file: CSV, JSON lines, Parquet. Each file is begun, filled, and ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO, Final, Protocol

import msgspec

from tosca_kiosk.exports.arrow import array
from tosca_kiosk.exports.columns import KINDS, Batch, Kind, Table
from tosca_kiosk.session import RefusedError

FORMATS: Final = ("csv", "jsonl", "parquet")


class Writer(Protocol):
    """Writes a table's rows into an open file. Raises OSError."""

    def write(self, batch: Batch) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what ends the file."""


def writer(format_name: str, file: BinaryIO, table: Table, marks: Mapping[str, str]) -> Writer:
    """Return what writes a table in a format. marks: of the export, for a format that takes them along.

    Raises RefusedError where what Parquet needs is not installed.
    """
    if format_name == "parquet":
        return _Parquet(file, table, marks)
    return _Csv(file, table) if format_name == "csv" else _JsonLines(file, table)


def need(format_name: str) -> None:
    """Raise RefusedError where a format's library is not installed, and say how to get it."""
    if format_name == "parquet":
        _pyarrow()


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise RefusedError(
            "--format parquet needs the package pyarrow, which is not installed: pip install "
            "'tosca-kiosk[parquet]', or take --format csv or jsonl"
        ) from error
    return pyarrow


class _Csv:
    """RFC 4180 in UTF-8: every text in quotes, so that an empty one is not NULL, which is nothing at all."""

    def __init__(self, file: BinaryIO, table: Table) -> None:
        self._file = file
        self._cells = [_CELLS[column.kind] for column in table.columns]
        self._file.write(f"{','.join(table.names)}\n".encode())

    def write(self, batch: Batch) -> None:
        columns = [
            ["" if value is None else cell(value) for value in values]
            for cell, values in zip(self._cells, batch, strict=True)
        ]
        lines = map(",".join, zip(*columns, strict=True))
        self._file.write("".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        pass


class _JsonLines:
    """One object a line, every column named in each; NULL is null."""

    def __init__(self, file: BinaryIO, table: Table) -> None:
        self._file = file
        self._names = table.names
        self._values = [_VALUES.get(column.kind) for column in table.columns]
        self._encode = msgspec.json.Encoder().encode_lines

    def write(self, batch: Batch) -> None:
        columns = [
            values if text is None else [None if value is None else text(value) for value in values]
            for text, values in zip(self._values, batch, strict=True)
        ]
        names = self._names
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        self._file.write(self._encode(rows))

    def close(self) -> None:
        pass


class _Parquet:
    """Apache Parquet; marks are metadata of the file, unit and meaning of each column are the column's."""

    def __init__(self, file: BinaryIO, table: Table, marks: Mapping[str, str]) -> None:
        arrow = _pyarrow()
        fields = [
            arrow.field(
                column.name,
                _arrow_type(arrow, column.kind),
                metadata={"unit": column.unit, "meaning": column.meaning},
            )
            for column in table.columns
        ]
        self._schema = arrow.schema(fields, metadata={**marks, "row": table.meaning})
        self._arrow = arrow
        self._kinds = [column.kind for column in table.columns]
        self._writer = arrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, batch: Batch) -> None:
        arrays = [
            array(self._arrow, kind, values, field.type)
            for kind, values, field in zip(self._kinds, batch, self._schema, strict=True)
        ]
        self._writer.write_batch(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _arrow_type(arrow: Any, kind: Kind) -> Any:
    if kind is Kind.TIME:
        return arrow.timestamp("us", tz="UTC")
    return arrow.type_for_alias(KINDS[kind].in_parquet)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _time(value: datetime) -> str:
    return f"{value.isoformat(timespec='microseconds')}Z"


def _truth(value: bool) -> str:
    return "true" if value else "false"


_CELLS: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.INTEGER: str,
    Kind.NUMBER: repr,
    Kind.BOOLEAN: _truth,
    Kind.TEXT: _quoted,
    Kind.JSON: _quoted,
    Kind.TIME: _time,
    Kind.DATE: date.isoformat,
}
_VALUES: Final[dict[Kind, Callable[[Any], str]]] = {Kind.TIME: _time, Kind.DATE: date.isoformat}
