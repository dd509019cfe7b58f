"""Scenarios: what they do to the world, and how they refuse what they cannot mean."""

from pathlib import Path

import pytest

import configs
from simulators.cart import SimulatedCart
from simulators.scenario import Scenario, ScenarioError, apply, load_scenario
from simulators.settable.plant import PLANT
from simulators.world import MARKS, World

SHIPPED = sorted((Path(configs.__file__).parent / "scenarios").glob("*.yaml"))


def written(folder: Path, text: str) -> Path:
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def applied(folder: Path, text: str) -> World:
    world = World(1)
    apply(load_scenario(written(folder, text)), world)
    return world


def blocked_at(world: World, until_s: float) -> float | None:
    """When the photodiode became blocked, to a tenth of a second."""
    start = round(world.kernel.now_s * 10)
    for tenth in range(start, round(until_s * 10) + 1):
        world.advance(tenth / 10)
        if world.photodiode.blocked:
            return tenth / 10
    return None


def event(at: str) -> str:
    return f"events: [{{at: {at}, photodiode.blocked: true}}]"


@pytest.mark.parametrize(("at", "due_s"), [("12.5s", 12.5), ("0s", 0.0), ("1500ms", 1.5), ("7 s", 7.0)])
def test_a_bare_time_counts_from_the_worlds_start(tmp_path: Path, at: str, due_s: float) -> None:
    assert blocked_at(applied(tmp_path, event(at)), 20.0) == due_s


def test_a_declared_session_is_where_bare_times_count_from(tmp_path: Path) -> None:
    world = applied(tmp_path, event("5s"))
    world.advance(4.0)
    world.mark("session")
    assert blocked_at(world, 20.0) == 9.0
    late = World(1)
    late.advance(3.0)
    late.mark("session")
    late.advance(4.0)
    apply(load_scenario(written(tmp_path, event("5s"))), late)
    assert blocked_at(late, 20.0) == 8.0


def test_what_happened_before_the_session_does_not_happen_again(tmp_path: Path) -> None:
    world = applied(tmp_path, event("1s"))
    world.advance(2.0)
    world.photodiode.blocked = False
    world.mark("session")
    assert blocked_at(world, 10.0) is None


@pytest.mark.parametrize(("at", "due_s"), [("armed", 2.0), ("armed + 3s", 5.0), ("armed+500ms", 2.5)])
def test_an_event_time_counts_from_its_mark(tmp_path: Path, at: str, due_s: float) -> None:
    world = applied(tmp_path, event(at))
    world.advance(2.0)
    world.mark("armed")
    assert blocked_at(world, 20.0) == due_s


def test_emission_is_the_first_true_light(tmp_path: Path) -> None:
    world = applied(tmp_path, event("emission + 2s"))
    assert blocked_at(world, 3.0) is None
    world.diode.drive(5.0)
    assert blocked_at(world, 20.0) == 5.1


def test_changes_of_one_event_happen_together_and_in_order(tmp_path: Path) -> None:
    world = applied(
        tmp_path,
        "events:\n  - at: 1s\n    photodiode.drift: 2\n    stage.stalled: true\n"
        "  - at: 1s\n    photodiode.drift: 0.5\n",
    )
    world.advance(1.0)
    assert world.stage.stalled
    assert world.photodiode.drift == 0.5


WRONG = {
    "not YAML": ("events: [", "not YAML"),
    "a date that is none": ("events: 2026-13-45", "not YAML"),
    "a key twice": (
        "events: [{at: 1s, stage.stalled: true, stage.stalled: false}]",
        "stage.stalled stands twice",
    ),
    "empty": ("", "the file: None given"),
    "a list": ("[1]", "a mapping of keys to values allowed"),
    "an unknown key": ("event: []", "unknown key 'event'; allowed: name, description, events"),
    "no events": ("name: x", "events: None given, a list"),
    "events not a list": ("events: {at: 1s}", "a list of at least one event allowed"),
    "no event in the list": ("events: []", "a list of at least one event allowed"),
    "an event not a mapping": ("events: [1]", r"events\[0\]: 1 given"),
    "no time": ("events: [{stage.stalled: true}]", r"events\[0\].at: missing; allowed: a time"),
    "no change": ("events: [{at: 1s}]", r"events\[0\]: changes nothing"),
    "an unknown path": (
        "events: [{at: 1s, stage.stalled: true}, {at: 1s, stage.stall: true}]",
        r"events\[1\]\.stage\.stall: unknown; nearest allowed: stage\.stalled",
    ),
    "a wrong type": (
        "events: [{at: 1s, stage.stalled: 1}]",
        r"events\[0\]\.stage\.stalled: 1 given, true or false",
    ),
    "not a number": (
        "events: [{at: 1s, photodiode.drift: .nan}]",
        r"events\[0\]\.photodiode\.drift: nan given, a number from 0 to 3",
    ),
    "an unknown word": ("events: [{at: 1s, tec.sensor: wet}]", "'wet' given, one of ok, open, short"),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_one_error_that_names_file_place_and_what_is_allowed(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(ScenarioError, match=complaint) as caught:
        load_scenario(written(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path / "case.yaml"))
    assert "\n" not in str(caught.value)


NO_TIMES = """-1s|5|12.5|1.2.3s|.nan|nan s|[1]|{a: 1}|true|null|''|' '|1e3s|86401s|launched|armed +|armed 3s
armed3s|armed - 1s|+ 3s|armed + armed|3h""".replace("\n", "|").split("|")


@pytest.mark.parametrize("at", [*NO_TIMES, "9" * 400 + "s"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(ScenarioError, match=r"events\[0\]\.at: .* allowed: a time .* armed \+ 3s"):
        load_scenario(written(tmp_path, event(at)))


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(tmp_path / "missing.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(binary)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="name: 3 given, text allowed"):
        load_scenario(written(tmp_path, "name: 3\n" + event("1s")))


def test_a_scenario_without_a_name_is_called_like_its_file(tmp_path: Path) -> None:
    assert load_scenario(written(tmp_path, event("1s"))).name == "case"


def test_there_are_scenarios_of_lines_firmware_and_plant() -> None:
    changed = {path for file in SHIPPED for event in load_scenario(file).events for path, _ in event.changes}
    assert len(SHIPPED) >= 20
    assert any(".wire." in path for path in changed)
    assert any(".firmware." in path for path in changed)
    assert changed & set(PLANT)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_says_what_a_technician_sees_and_runs_on_a_cart(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.description
    assert text.startswith("# ")
    assert "# On the screen: " in text
    assert scenario.presses_pedal == ("pedal.pressed" in text)
    world = World(1, warm=True)
    apply(scenario, SimulatedCart(world))
    for mark in MARKS:
        world.mark(mark)
    world.advance(20.0)
    assert len(event_times(scenario)) == len(scenario.events)


def event_times(scenario: Scenario) -> set[tuple[str | None, float]]:
    return {(event.after, event.delay_s) for event in scenario.events}
