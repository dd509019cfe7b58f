"""`pytest --quick`: the tests that start no other process and take no seconds, and a guard that keeps it so.

A test that needs another process bears the mark `process`, one that takes seconds the mark `slow`. Nobody has
to remember them: under `--quick` Python itself tells when a test without the mark starts a process, which
fails, and what kept the processor long is named at the end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

LEFT_OUT = ("process", "slow")
# What Python reports before it starts another process, by whatever module.
STARTS = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
    }
)
REFUSAL = (
    "this test starts a process ({event}): mark it with @pytest.mark.process, `make quick` is not for it"
)
SLOW_CPU_S = 2.0
CPU_S = "cpu_s"
"""Under this name a test's report tells how long it and its fixtures kept the processor."""


class Guard:
    """Refuses to start a process while a test runs. An audit hook cannot be taken off again, only be idle."""

    def __init__(self) -> None:
        self._watches = False
        self._began_cpu_s = 0.0
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self._watches and event in STARTS:
            pytest.fail(REFUSAL.format(event=event), pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Watch a test with its fixtures."""
        self._watches, self._began_cpu_s = True, time.process_time()
        try:
            return (yield)
        finally:
            self._watches = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Note what it took, whichever process it ran in."""
        try:
            return (yield)
        finally:
            item.user_properties.append((CPU_S, time.process_time() - self._began_cpu_s))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --quick."""
    parser.addoption(
        "--quick", action="store_true", help="leave out the tests that start a process or are slow"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the guard where it is asked for."""
    if config.getoption("quick"):
        config.pluginmanager.register(Guard(), "quick guard")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked."""
    if not config.getoption("quick"):
        return
    kept, left_out = [], []
    for item in items:
        (left_out if any(item.get_closest_marker(name) for name in LEFT_OUT) else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what should bear the mark `slow`."""
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    cpu_s = {
        report.nodeid: dict(report.user_properties).get(CPU_S, 0.0)
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
    }
    for name in sorted(cpu_s, key=lambda name: -cpu_s[name]):
        if cpu_s[name] > SLOW_CPU_S:
            terminalreporter.write_line(f"{cpu_s[name]:.1f} s: mark it with @pytest.mark.slow: {name}")
