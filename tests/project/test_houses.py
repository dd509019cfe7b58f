"""Who looks into whose house: no files import in a circle, nothing imports the tests, no path is bent."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
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


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


@cache
def imported(name: str) -> frozenset[str]:
    """Return the full name of all that a file imports, in functions and for the type checker too."""
    return frozenset(_imported(name))


def _imported(name: str) -> Iterator[str]:
    path = FILES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree_of(name)):
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
    found = imported(name)
    return frozenset(
        each
        for each in found & FILES.keys() - {name}
        if not (FILES[each].name == "__init__.py" and _only_a_way_in(each, found))
    )


def _only_a_way_in(package: str, found: frozenset[str]) -> bool:
    """Whether all that is taken out of a package are files in it."""
    taken = {each for each in found if each.rpartition(".")[0] == package}
    return bool(taken) and taken <= FILES.keys()


def circle_in(graph: Mapping[str, Collection[str]]) -> list[str] | None:
    """Return names each of which imports the next, from one back to itself; None where there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return None


def test_a_circle_is_found_and_what_only_leads_to_it_is_not_part_of_it() -> None:
    assert circle_in({"a": ["b"], "b": ["c"], "c": ["d"], "d": []}) is None
    assert set(circle_in({"a": ["b"], "b": ["c"], "c": ["d", "a"], "d": [], "e": ["a"]}) or ()) == set("abc")


def test_there_is_something_to_look_at() -> None:
    assert all(any(name.split(".")[0] == house for name in FILES) for house in HOUSES)
    assert "tosca_kiosk.domain.state" in files_imported("tosca_kiosk.domain.safety")


@pytest.mark.slow
def test_no_files_import_in_a_circle() -> None:
    circle = circle_in({name: files_imported(name) for name in FILES})
    assert circle is None, f"a circle: {' - '.join(circle)}"


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


def bends_the_path(name: str) -> bool:
    """Whether a file has anything to do with the path that Python imports from."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
        for node in ast.walk(tree_of(name))
    )


def test_no_house_bends_the_import_path() -> None:
    assert [name for name in FILES if bends_the_path(name)] == []
