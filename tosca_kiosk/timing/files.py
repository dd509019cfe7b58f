"""The report's three files: all of them, or none."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from tosca_kiosk.timing.page import page
from tosca_kiosk.timing.report import Run, windowed
from tosca_kiosk.timing.samples import COLUMNS

JSON_NAME: Final = "timing.json"
CSV_NAME: Final = "timing.csv"
PAGE_NAME: Final = "timing.html"
_HEAD: Final = ("who", "second", "late_us", "missed", "emitting", *(f"{name}_us" for name in COLUMNS[4:]))


def folder_problem(folder: Path) -> str | None:
    """Return why the files could not be written; None where they probably can."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"{folder}: {nearest} is no folder; name a folder for the report"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{folder}: {nearest} cannot be written to; name another folder or change its rights"
    taken = [name for name in (JSON_NAME, CSV_NAME, PAGE_NAME) if (folder / name).is_dir()]
    return f"{folder / taken[0]}: is a folder; name another folder for the report" if taken else None


def write(folder: Path, run: Run, report: dict[str, Any]) -> dict[str, Path]:
    """Write JSON, CSV and page, in place of older ones; return their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".timing-", dir=folder))
    try:
        (part / JSON_NAME).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        (part / PAGE_NAME).write_text(page(run, report), encoding="utf-8")
        _write_csv(part / CSV_NAME, run)
        for name in (CSV_NAME, PAGE_NAME, JSON_NAME):
            (part / name).replace(folder / name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {"json": folder / JSON_NAME, "csv": folder / CSV_NAME, "html": folder / PAGE_NAME}


def _write_csv(path: Path, run: Run) -> None:
    """Every wake-up of control and of the witness, in seconds of the run and microseconds."""
    zero = round(run.began_s * 1e9)
    witness = windowed(run.witness, run.began_s, run.ended_s)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        for woke, late, missed, emitting, *parts in run.rows[1:].tolist():
            costs = (f"{each / 1000:.1f}" for each in parts)
            writer.writerow(
                ("control", f"{(woke - zero) / 1e9:.6f}", f"{late / 1000:.1f}", missed, emitting, *costs)
            )
        for woke, late in zip(witness.woke.tolist(), witness.late.tolist(), strict=True):
            writer.writerow((run.witness_name, f"{(woke - zero) / 1e9:.6f}", f"{late / 1000:.1f}"))
