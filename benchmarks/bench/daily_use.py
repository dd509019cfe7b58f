"""How long what is asked of a large record every day takes: each figure beside its limit.

    python -m benchmarks.bench.daily_use --folder FOLDER

The record has 2 000 sessions and 2 000 000 events (`benchmarks/rigs/busy_record.py`). It is made in the folder,
which takes some minutes, or found there again; without the option it is made aside and taken away. Each
question is asked so many times of a warm record; the median counts. Exit code 1 where one is over its limit.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.rigs.busy_record import EVENTS, SESSIONS, Busy, busy_record
from benchmarks.rigs.command_line import command_line, machine_load, shown_share
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.kiosk.services import Record, history, people
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import earlier_dose
from tosca_kiosk.storage import patients, protocols, sessions

QUERY_MS: Final = 5.0
PAGE_MS: Final = 50.0
PATIENT: Final = 7
VIEWS: Final = ("active_sessions", "patient_session_history", "safety_events_summary")
QUERIES: Final = Path(__file__).parents[2] / "tests/storage/seed_queries.sql"
