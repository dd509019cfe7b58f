"""Each operation on the record killed at many moments: nothing is lost, and the next start says what became.

    python -m benchmarks.exhaustive.kills
    python -m benchmarks.exhaustive.kills --kills 3 --only restore

For each kind in `KINDS` a record is made and the command is killed by SIGKILL: before each of the kind's own
steps, and at random moments within the time that it takes undisturbed. Then the next command starts. It must
find the record as before or as it was to be, say which where the operation had begun, and leave nothing half
made; and the operation must be possible again. Exit code 1, naming kind and moment, where that is otherwise.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.killed_operation import Moment, Step, killed, lasts_s, left_over, run
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.recorded_cart import STARTED_UTC, header, treated
from tosca_kiosk.domain.journal_lines import ChainWriter
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import DATABASE_NAME, Database, check, patients, schema, sessions
from tosca_kiosk.storage.replaced import look

NOW: Final = datetime.fromisoformat(STARTED_UTC).replace(tzinfo=UTC)
WHY: Final = ("--reason", "a kill")
NOTE: Final = f"{DATABASE_NAME}.operation"
Known = frozenset[tuple[str, int]]
"""Table and number of what was acknowledged before the kill."""


class Kind(NamedTuple):
    """An operation. prepare: makes the record in a data directory; returns the command's words.

    steps: before which it is killed. next_start: a command that writes, which must clear up. done: whether
    the record in the directory is as it was to be; before: whether it is as it was.
    """

    name: str
    prepare: Callable[[Path], list[str]]
    steps: Sequence[Step]
    next_start: Sequence[str]
    done: Callable[[Path], bool]
    before: Callable[[Path], bool]


def treat(data_dir: Path) -> Path:
    """Record a session for a new patient, its journal whole in its folder and not yet imported."""
    with (
        Database.open(data_dir / DATABASE_NAME, create=False) as database,
        database.transaction(1) as transaction,
    ):
        session = sessions.start(
            transaction,
            patient_id=patients.add(transaction, NOW).patient_id,
            tech_id=1,
            start_utc=NOW,
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    recorded, writer = treated(), ChainWriter()
    first = writer.header(header(session_id=session.session_id, patient_id=session.patient_id))
    writer.head, writer.ticks = recorded.writer.head, recorded.writer.ticks
    folder = sessions.folder_of(session, data_dir)
    folder.mkdir(parents=True)
    lines = [first, *recorded.lines[1:-1], writer.end(summarise(recorded.state))]
    (folder / JOURNAL_NAME).write_bytes(b"".join(lines))
    return folder


def _ran(words: Sequence[str], data_dir: Path) -> str:
    code, said = run(list(words), data_dir)
    assert code == 0, said
    return said.splitlines()[0]


def _session_imported(data_dir: Path) -> Path:
    _ran(("db", "init"), data_dir)
    folder = treat(data_dir)
    _ran(("db", "import-journal", str(folder), *WHY), data_dir)
    return folder


def _to_upgrade(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    _ran(("db", "downgrade", *WHY), data_dir)
    return ["db", "upgrade", *WHY]


def _to_downgrade(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    return ["db", "downgrade", *WHY]


def _to_import(data_dir: Path) -> list[str]:
    _ran(("db", "init"), data_dir)
    return ["db", "import-journal", str(treat(data_dir)), *WHY]


def _to_restore(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    saved = _ran(("db", "backup"), data_dir)
    _ran(("db", "import-journal", str(treat(data_dir)), *WHY), data_dir)
    return ["db", "restore", saved, *WHY, "--yes"]


def _is_of(*numbers: int) -> Callable[[Path], bool]:
    wanted = {schema.revisions()[number] for number in numbers}
    return lambda data_dir: schema.version_of_file(data_dir / DATABASE_NAME) in wanted


def _has(statement: str) -> Callable[[Path], bool]:
    def asked(data_dir: Path) -> bool:
        with Database.open(data_dir / DATABASE_NAME, create=False) as database:
            return bool(database.rows(statement))

    return asked


def _not(asked: Callable[[Path], bool]) -> Callable[[Path], bool]:
    return lambda data_dir: not asked(data_dir)


_imported = _has("SELECT 1 FROM sessions WHERE status = 'completed'")
_restored = _has("SELECT 1 FROM operations WHERE name = 'restore' AND ended_date IS NOT NULL")
_BACKUP: Final = ("db", "backup")
_NOTE_GOES: Final = Step(event="os.remove", path=NOTE)
_BACKUP_NAMED: Final = Step(event="os.rename", path=".db.part")

KINDS: Final = (
    Kind("upgrade", _to_upgrade, (_BACKUP_NAMED, _NOTE_GOES), _BACKUP, done=_is_of(-1), before=_is_of(-2)),
    Kind(
        "downgrade", _to_downgrade, (_BACKUP_NAMED, _NOTE_GOES), _BACKUP, done=_is_of(-2), before=_is_of(-1)
    ),
    Kind("import-journal", _to_import, (_NOTE_GOES,), _BACKUP, done=_imported, before=_not(_imported)),
    Kind(
        "restore",
        _to_restore,
        (
            Step(event="sqlite3.connect", path=f"{DATABASE_NAME}.part", nth=2),
            _BACKUP_NAMED,
            Step(event="os.remove", path=f"{DATABASE_NAME}-wal"),
            Step(event="os.rename", path=DATABASE_NAME),
            _NOTE_GOES,
        ),
        _BACKUP,
        done=_restored,
        before=_not(_restored),
    ),
)


def _known(path: Path) -> Known:
    """Return what a record holds that somebody was told of."""
    found = look(path, path)
    return frozenset(
        (table, number)
        for table, rows in (("sessions", found.sessions), ("patients", found.patients))
        for number in rows
    )


def judge(kind: Kind, data_dir: Path, words: list[str], acknowledged: Known) -> str | None:
    """Start the next command after a kill; return what is wrong then, None where nothing is."""
    return next(_problems(kind, data_dir, words, acknowledged), None)


def _problems(kind: Kind, data_dir: Path, words: list[str], acknowledged: Known) -> Iterator[str]:
    """Yield what is wrong, each as soon as it is found."""
    note = data_dir / NOTE
    began = note.exists() and note.stat().st_size > 0  # killed over an empty one it had begun nothing
    code, said = run(list(kind.next_start), data_dir)
    if code != 0:
        yield f"the next start failed: {said!r}"
    if began and "was interrupted" not in said:
        yield f"the next start did not say what became of it: {said!r}"
    yield from (f"left over: {name}" for name in left_over(data_dir))
    done = kind.done(data_dir)
    if done == kind.before(data_dir):
        yield "neither as before nor as it was to be"
    if began and ("it had been done by then" in said) != done:
        yield f"it said the contrary of what became of it: {said!r}"
    if missing := acknowledged - _known(data_dir / DATABASE_NAME):
        yield f"lost: {sorted(missing)}"
    if not done and (again := run(words, data_dir))[0] != 0:
        yield f"it cannot be done again: {again[1]!r}"
    if not kind.done(data_dir):
        yield "done again it is not as it was to be"
    yield from _damage(data_dir / DATABASE_NAME)


def _damage(database_path: Path) -> Sequence[str]:
    if schema.version_of_file(database_path) != schema.revisions()[-1]:
        return look(database_path, database_path).damage
    with Database.open(database_path, create=False) as database:
        return check(database).damage


def campaign(kinds: Sequence[Kind], kills: int, seed: int, place: Path) -> tuple[int, list[str]]:
    """Kill each kind before its steps and at so many random moments; return how many, and what was wrong."""
    chance, count, wrong = Random(seed), 0, []
    for kind in kinds:
        made = place / kind.name
        words = kind.prepare(made)
        acknowledged = _known(made / DATABASE_NAME)
        took_s = lasts_s(_moved(words, made, _copied(made)), _copy_of(made))
        moments: list[Moment] = [*kind.steps, *(chance.uniform(0.0, took_s) for _ in range(kills))]
        for moment in tracked(moments, kind.name, len(moments)):
            data_dir = _copied(made)
            moved = _moved(words, made, data_dir)
            died = killed(moved, data_dir, moment)
            count += died
            if not died and isinstance(moment, Step):
                wrong.append(f"{kind.name}: never came to {moment}")
            problem = judge(kind, data_dir, moved, acknowledged)
            if problem is not None:
                when = moment if isinstance(moment, Step) else f"{moment:.3f} of {took_s:.3f} s"
                wrong.append(f"{kind.name}, killed at {when}: {problem}")
    return count, wrong


def _copy_of(made: Path) -> Path:
    return made.with_name(f"{made.name}_killed")


def _copied(made: Path) -> Path:
    copy = _copy_of(made)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(made, copy)
    return copy


def _moved(words: list[str], made: Path, data_dir: Path) -> list[str]:
    return [word.replace(str(made), str(data_dir)) for word in words]


def main() -> int:
    parser = command_line("exhaustive.kills", __doc__)
    parser.add_argument(
        "--kills", type=int, default=200, help="at random moments, of each kind (default 200)"
    )
    parser.add_argument("--only", choices=[kind.name for kind in KINDS], help="one kind alone")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if options.only in (None, kind.name)]
    with TemporaryDirectory(prefix="tosca-kills-") as place:
        count, wrong = campaign(kinds, options.kills, options.seed, Path(place))
    for each in wrong:
        print(each)
    return judged(
        "Killed operations",
        [Row("killed", count, None, ""), Row("lost, not said or left half", len(wrong), 0, "")],
    )


if __name__ == "__main__":
    raise SystemExit(main())
