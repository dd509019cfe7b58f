"""Tests that mostly wait, for a process or for time: those of a module run at the same time.

    beside = SideBySide(bench)

    @beside.test
    def test_one(control, kiosk): ...

    @beside.cases([(1, "one"), (2, "two")])
    def test_each(control, kiosk, number, name): ...

They begin when the first of them is to run; what one asserts fails that one. When one is over, every journal
in its folder is decided again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.replayed import BESIDE, all_must_replay

AT_ONCE = 2
"""So many carts, each with its processes, do not delay each other where two processors are shared."""
SWITCH_S = 0.0002
"""A kiosk's frame takes many turns of the interpreter's lock: 5 ms each, where another thread computes, and
its heartbeats come too late."""

Body = Callable[..., None]
Bench = Callable[[Path], AbstractContextManager[tuple[Any, ...]]]
Key = tuple[str, tuple[Any, ...]]
Outcome = Callable[[Key], None]


@contextmanager
def folder_alone(folder: Path) -> Iterator[tuple[Path]]:
    """The bench of tests that need a folder and make the rest themselves."""
    yield (folder,)


class SideBySide:
    """Decorates tests of a module, in which it is called `beside`.

    bench: makes what each is given, in a folder of its own. Each has a thread of its own, and no fixtures.
    """

    def __init__(self, bench: Bench = folder_alone) -> None:
        self._bench = bench
        self._trials: dict[Key, Callable[[Path], None]] = {}

    def test(self, body: Body) -> Body:
        """Make a test of a function that takes what the bench makes."""
        key: Key = (body.__name__, ())
        self._trials[key] = partial(self._run, body, ())

        def test(outcome: Outcome) -> None:
            outcome(key)

        return _named(test, body)

    def cases(self, cases: Sequence[tuple[Any, ...]]) -> Callable[[Body], Body]:
        """Make a test for each case of a function that takes what the bench makes, and then the case."""

        def decorate(body: Body) -> Body:
            name = body.__name__
            self._trials |= {(name, case): partial(self._run, body, case) for case in cases}

            def test(outcome: Outcome, case: tuple[Any, ...]) -> None:
                outcome((name, case))

            ids = ["-".join(filter(None, map(_id, case))) for case in cases]
            made: Body = pytest.mark.parametrize("case", cases, ids=ids)(_named(test, body))
            return made

        return decorate

    @contextmanager
    def running(self, request: pytest.FixtureRequest, make_folder: Callable[[], Path]) -> Iterator[Outcome]:
        """Run those that were chosen; yield what waits for the end of one, and raises what it raised."""
        chosen = {_key(item) for item in request.session.items if item.path == request.path}
        usual_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=BESIDE) as threads:
                started = {
                    key: threads.submit(trial, make_folder())
                    for key, trial in self._trials.items()
                    if key in chosen
                }
                try:
                    yield lambda key: started[key].result()
                finally:
                    threads.shutdown(cancel_futures=True)
        finally:
            sys.setswitchinterval(usual_s)

    def _run(self, body: Body, case: tuple[Any, ...], folder: Path) -> None:
        with self._bench(folder) as given:
            returned: object = body(*given, *case)
        assert returned is None, f"{body.__name__} returns {returned!r}: nothing of a generator has run"
        all_must_replay(folder)


@pytest.fixture(scope="module")
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """What waits for one of the module's trials; a module may make its folders by a fixture of its own."""
    with request.module.beside.running(request, lambda: tmp_path_factory.mktemp("beside")) as waits:
        yield waits


def _id(value: Any) -> str:
    """What is shown of a value in a test's name; nothing of what has no short one."""
    return str(value) if isinstance(value, (str, int)) else getattr(value, "__name__", "")


def _named(test: Body, body: Body) -> Body:
    test.__name__, test.__doc__, test.__module__ = body.__name__, body.__doc__, body.__module__
    return test


def _key(item: pytest.Item) -> Key:
    case = item.callspec.params.get("case", ()) if hasattr(item, "callspec") else ()
    return getattr(item, "originalname", None) or item.name, case
