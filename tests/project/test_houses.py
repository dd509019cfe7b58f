"""Who looks into whose house: no files import in a circle, nothing imports the tests, no path is bent."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSES = ("tosca_kiosk", "hardware", "simulators", "configs", "benchmarks")
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for house in HOUSES
    for path in sorted((ROOT / house).rglob("*.py"))
}
"""By the name under which Python imports them."""
KNOWN_CIRCLES = {
    frozenset({"simulators.wire.line", "simulators.wire.line_faults"}),
    frozenset({"simulators.camera.truth", "simulators.world"}),
}
"""Still there; a circle that is gone is taken out of here."""


def imported(name: str) -> Iterator[str]:
    """Yield the full name of all that a file imports, in functions and for the type checker too."""
    path = FILES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def files_imported(name: str) -> frozenset[str]:
    """Return the files of these houses that a file imports.

    A file that is imported out of a package also runs the package's own file, but does not ask it for
    anything: that is no import of it.
    """
    found = set(imported(name))
    return frozenset(
        each
        for each in found & FILES.keys() - {name}
        if not (FILES[each].name == "__init__.py" and _only_a_way_in(each, found))
    )


def _only_a_way_in(package: str, found: set[str]) -> bool:
    """Whether all that is taken out of a package are files in it."""
    taken = {each for each in found if each.rpartition(".")[0] == package}
    return bool(taken) and taken <= FILES.keys()


def circles(graph: Mapping[str, Collection[str]]) -> set[frozenset[str]]:
    """Return the sets of names that reach each other (Tarjan's strong components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            at = stack.index(name)
            found.add(frozenset(stack[at:]))
            del stack[at:]

    for name in graph:
        if name not in order:
            visit(name)
    return {component for component in found if len(component) > 1}


@cache
def circles_here() -> set[frozenset[str]]:
    return circles({name: files_imported(name) for name in FILES})


def test_a_circle_is_found_and_what_only_leads_to_it_is_not_part_of_it() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["d", "a"], "d": ["e"], "e": [], "f": ["a", "g"], "g": ["f"]}
    assert circles(graph) == {frozenset("abc"), frozenset("fg")}


def test_there_is_something_to_look_at() -> None:
    assert all(any(name.split(".")[0] == house for name in FILES) for house in HOUSES)
    assert "tosca_kiosk.domain.state" in files_imported("tosca_kiosk.domain.safety")


def test_no_files_import_in_a_circle() -> None:
    new = circles_here() - KNOWN_CIRCLES
    assert not new, "\n".join(f"a circle: {', '.join(sorted(circle))}" for circle in new)


def test_a_circle_that_is_gone_is_known_no_more() -> None:
    gone = KNOWN_CIRCLES - circles_here()
    assert not gone, f"take out of KNOWN_CIRCLES: {sorted(map(sorted, gone))}"


@pytest.mark.parametrize("house", HOUSES)
def test_no_house_imports_the_tests(house: str) -> None:
    looking = [
        name
        for name in FILES
        if name.split(".")[0] == house and any(each.split(".")[0] == "tests" for each in imported(name))
    ]
    assert looking == []


def test_only_benchmarks_and_tests_import_benchmarks() -> None:
    looking = [
        name
        for name in FILES
        if not name.startswith("benchmarks")
        and any(each.split(".")[0] == "benchmarks" for each in imported(name))
    ]
    assert looking == []


def bends_the_path(path: Path) -> bool:
    """Whether a file has anything to do with sys.path."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def test_no_house_bends_the_import_path() -> None:
    assert [name for name, path in FILES.items() if bends_the_path(path)] == []
