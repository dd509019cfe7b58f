"""Each operation on the record killed at many moments: nothing is lost, and the next start says what became.

    python -m benchmarks.exhaustive.kills
    python -m benchmarks.exhaustive.kills --kills 3 --only restore --only session

For each kind in `KINDS` a record is made and the command is killed by SIGKILL: before each of the kind's own
steps, and at random moments within the time that it takes undisturbed. Then the next command starts. It must
find the record as before or as it was to be, say which where the operation had begun, and leave nothing half
made; and the operation must be possible again. Exit code 1, naming kind and moment, where that is otherwise.
The session is treated on the virtual clock. Folder backups go to memory, by the real restic, which dies with
every other kill; where it does not, it ends by itself beside the next run.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.exhaustive.kill_judges import disk_of
from benchmarks.exhaustive.kill_kinds import KINDS, NOTE, Kind
from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.killed_operation import Moment, Step, killed, lasts_s, left_over, run
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.storage import BACKUPS_NAME, DATABASE_NAME, Database, check, schema
from tosca_kiosk.storage.replaced import look

Known = frozenset[tuple[str, int | str]]
"""What was acknowledged before the kill: table and number, or a backup's name."""


def _known(path: Path) -> Known:
    """Return what a record holds that somebody was told of."""
    found = look(path, path)
    numbers = {
        (table, number)
        for table, rows in (("sessions", found.sessions), ("patients", found.patients))
        for number in rows
    }
    return frozenset(numbers | {("backups", file.name) for file in (path.parent / BACKUPS_NAME).glob("*.db")})


def judge(kind: Kind, data_dir: Path, words: list[str], acknowledged: Known) -> str | None:
    """Start the next command after a kill; return what is wrong then, None where nothing is."""
    return next(_problems(kind, data_dir, words, acknowledged), None)


def _problems(kind: Kind, data_dir: Path, words: list[str], acknowledged: Known) -> Iterator[str]:
    """Yield what is wrong, each as soon as it is found."""
    began, noted = kind.begun(data_dir), (data_dir / NOTE).exists()
    code, said = run(list(kind.next_start or words), data_dir)
    if code != 0:
        yield f"the next start failed: {said!r}"
    if began and kind.says not in said:
        yield f"the next start did not say what became of it: {said!r}"
    yield from (f"left over: {name}" for name in left_over(data_dir))
    done = kind.done(data_dir)
    if done == kind.before(data_dir):
        yield "neither as before nor as it was to be"
    if began and noted and ("it had been done by then" in said) != done:
        yield f"it said the contrary of what became of it: {said!r}"
    if missing := acknowledged - _known(data_dir / DATABASE_NAME):
        yield f"lost: {sorted(missing)}"
    yield from kind.more(data_dir)
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


def campaign(kind: Kind, kills: int, chance: Random, place: Path) -> tuple[int, list[str]]:
    """Kill one kind before its steps and at so many random moments; return how many, and what was wrong."""
    made, count, wrong = place / kind.name, 0, list[str]()
    words = kind.prepare(made)
    acknowledged = _known(made / DATABASE_NAME)
    took_s = lasts_s(_moved(words, made, _laid_out(kind, made)), _copy_of(made))
    moments: list[Moment] = [*kind.steps, *(chance.uniform(0.0, took_s) for _ in range(kills))]
    for number, moment in enumerate(tracked(moments, kind.name, len(moments))):
        data_dir = _laid_out(kind, made)
        moved = _moved(words, made, data_dir)
        died = killed(moved, data_dir, moment, its_children=kind.has_children and number % 2 == 1)
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


def _laid_out(kind: Kind, made: Path) -> Path:
    copy = _copy_of(made)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(made, copy)
    kind.lay_out(copy)
    return copy


def _moved(words: list[str], made: Path, data_dir: Path) -> list[str]:
    return [word.replace(str(made), str(data_dir)) for word in words]


def main() -> int:
    parser = command_line("exhaustive.kills", __doc__)
    parser.add_argument(
        "--kills", type=int, default=200, help="at random moments, of each kind (default 200)"
    )
    parser.add_argument(
        "--only", choices=[kind.name for kind in KINDS], action="append", help="this kind; may be repeated"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if kind.name in (options.only or [kind.name])]
    rows = []
    with TemporaryDirectory(prefix="tosca-kills-") as place:
        try:
            for kind in kinds:
                chance = Random(f"{options.seed} {kind.name}")
                count, wrong = campaign(kind, options.kills, chance, Path(place))
                print("\n".join(wrong), end="\n" if wrong else "")
                rows.append(Row(f"{kind.name}: killed", count, None, ""))
                rows.append(Row(f"{kind.name}: lost, not said or left half", len(wrong), 0, ""))
        finally:
            shutil.rmtree(disk_of(Path(place)), ignore_errors=True)
    return judged("Killed operations", rows)


if __name__ == "__main__":
    raise SystemExit(main())
