"""The interlock table: what acts when, after how long, who resets it, and what tries it.

Freshness and reaction are not declared anywhere but found out, on a cart that does at once what it is told:
by asking the row's own check with ever older data, and by bringing the row's cause about under light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from benchmarks.rigs.ideal_cart import TICK_S, IdealCart, rules
from tests.domain.test_safety_faults import ELSEWHERE, FAILURES, emitting
from tests.papers.tables import paper as whole
from tests.papers.tables import table
from tosca_kiosk.domain.first_faults import LOST_WAYS
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.interlocks import INTERLOCKS, STATION_INTERLOCKS, Interlock, Scope
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.waivers import WAIVED

_ACTS = {
    Scope.OPEN: "no session",
    Scope.ARM: "no arming",
    Scope.HELD: "fault armed, treating",
    Scope.LIGHT: "fault under light",
    Scope.SESSION: "fault in a session",
    Scope.ANY: "fault always",
    Scope.WARN: "warning under light",
}
_DEVICES = {
    "board": ("measured_s",),
    "laser": ("output_asked_s", "set_asked_s", "measured_asked_s", "condition_asked_s", "errors_asked_s"),
    "tec": ("temperature_asked_s", "output_asked_s", "condition_asked_s"),
    "stage": ("measured_s",),
}
_SIGNS = {"operator_s": "screen", "frame_s": "picture"}
_OLDEST_S = 5.0
_AGE_STEP_S = 0.001
_LONGEST_S = 8.0
FAULTS = "tests/domain/test_safety_faults.py"


_Situation = tuple[Rules, State, Inputs]


def _acts(row: Interlock) -> str:
    scopes = [scope for scope in Scope if row.scope & scope]
    if Scope.ANY in scopes:
        scopes = [scope for scope in scopes if scope in (Scope.OPEN, Scope.ARM, Scope.ANY)]
    return ", ".join(_ACTS[scope] for scope in scopes)


def _older(inputs: Inputs, device: str, age_s: float) -> Inputs:
    if device in _SIGNS.values():
        field = next(field for field, name in _SIGNS.items() if name == device)
        return msgspec.structs.replace(inputs, **{field: inputs.now_s - age_s})
    reading = getattr(inputs, device)
    aged = dict.fromkeys(_DEVICES[device], inputs.now_s - age_s)
    return msgspec.structs.replace(inputs, **{device: msgspec.structs.replace(reading, **aged)})


def _situations() -> Iterator[_Situation]:
    """Yield a cart under light and one that could be armed, each with a camera, every value of now."""
    ruled = msgspec.structs.replace(rules((20.0, 5.0, 5.0, 3.0)), camera_required=True)
    for light in (True, False):
        cart = IdealCart(ruled)
        cart.inject["frame_s"] = lambda frame_s, cart=cart: cart.now_s
        if light:
            cart.emit()
        else:
            cart.open()
        cart.run(6.0)
        yield cart.rules, cart.state, cart.inputs()


def fresh_within(row: Interlock) -> str:
    """Return how old which data may get before the row's check fails; empty where age does not matter."""
    found: dict[str, float] = {}
    for ruled, state, inputs in _situations():
        for device in (*_DEVICES, *_SIGNS.values()):

            def passes(
                age_s: float, situation: _Situation = (ruled, state, inputs), of: str = device
            ) -> bool:
                return row.passes(*situation[:2], _older(situation[2], of, age_s))

            if passes(0.0) and not passes(_OLDEST_S):
                found[device] = min(_oldest(passes), found.get(device, _OLDEST_S))
    return ", ".join(f"{device} {_ms(age_s)}" for device, age_s in found.items())


def _oldest(passes: Callable[[float], bool]) -> float:
    """Return the greatest age at which the check passes; it fails at _OLDEST_S."""
    fresh, old = 0, round(_OLDEST_S / _AGE_STEP_S)
    while old - fresh > 1:
        middle = (fresh + old) // 2
        fresh, old = (middle, old) if passes(middle * _AGE_STEP_S) else (fresh, middle)
    return fresh * _AGE_STEP_S


def reaction(source: str) -> str:
    """Return the time from the tick that first reads the cause to the first one with everything off."""
    if source not in FAILURES:
        return ""
    field, change, _ = FAILURES[source]
    cart = emitting()
    cart.inject[field] = change
    began_s = cart.now_s
    while cart.now_s - began_s < _LONGEST_S:
        out = cart.tick().outputs
        if not (out.laser_output or out.want_gate or out.laser_current_ma):
            return _ms(cart.now_s - began_s - TICK_S) if cart.now_s - began_s > TICK_S * 1.5 else "same tick"
    raise AssertionError(f"{source}: still lit after {_LONGEST_S} s")


def _ms(seconds: float) -> str:
    return f"{round(seconds * 1000)} ms"


def _lasting(row: Interlock) -> str:
    if row.overdue is not None:
        return f"over {getattr(Limits(), row.overdue):g} s"
    if row.hold is None:
        return ""
    return f"{getattr(Limits(), row.hold):g} s" + (" of emission" if row.emission_clock else "")


def _tried(row: Interlock) -> str:
    if row.source in FAILURES:
        return f"[{row.source}]"
    return ELSEWHERE.get(row.source, "")


def _row(row: Interlock) -> tuple[str, ...]:
    what = row.what if row.told_by is None else f"{row.what} (with why)"
    return (
        f"`{row.source}`",
        what,
        _acts(row),
        fresh_within(row),
        _lasting(row),
        reaction(row.source),
        row.reset_role,
        f"{row.event_type}, {row.severity}",
        _tried(row),
    )


def _proof(row: Interlock) -> tuple[str, ...]:
    return f"`{row.source}`", row.proved.fault, str(row.proved.shows), row.proved.how


def paper() -> str:
    """Print INTERLOCKS.md."""
    heads = (
        "source",
        "what fails",
        "acts",
        "data within",
        "for",
        "reaction",
        "reset by",
        "record",
        "tried by",
    )
    return whole(
        "Interlocks",
        "Light needs every row that acts under light to pass, on fresh data. *Data within*: older data fail "
        "it, found by asking the row's check with ever older ones. *For*: a failure that lasts less does "
        f"nothing. *Reaction*: from the tick of {_ms(TICK_S)} that first reads the cause to the tick with "
        "output, current and gate off, on a cart that does at once what it is told; the devices' own times "
        "come on top, and are measured in `benchmarks/README.md`. *Tried by*: a row in brackets is a case of "
        f"`test_an_interlock_that_fails_under_light_darkens_and_latches` in `{FAULTS}`; the others are named "
        "beside it. A row that nothing tries is refused there.",
        table(heads, (_row(row) for row in INTERLOCKS)),
        "## A calibration's session",
        "It has no watts to be held to, for they are what is measured. These rows say nothing in it; every "
        "other row holds as in a treatment, and so do those of the second table. "
        "`tests/domain/test_safety_stations.py` tries them.",
        table(
            ("source", "says nothing, for", "instead"),
            ((f"`{source}`", one.why, ", ".join(one.instead)) for source, one in WAIVED.items()),
        ),
        table(
            ("source", "what fails", "acts", "for", "reset by", "record"),
            (
                (
                    f"`{row.source}`",
                    row.what,
                    _acts(row),
                    _lasting(row),
                    row.reset_role,
                    f"{row.event_type}, {row.severity}",
                )
                for row in STATION_INTERLOCKS
            ),
        ),
        "## When a first fault shows",
        "A way to darkness or a sensor that fails in silence hurts only together with a second fault. "
        "`tests/e2e/test_first_faults.py` brings each about.",
        table(("source", "what may fail unseen", "shows", "by"), (_proof(row) for row in INTERLOCKS)),
        "The two ways to darkness themselves:",
        table(
            ("way", "is lost when", "shows"),
            ((lost.way, lost.lost_by, str(lost.shows)) for lost in LOST_WAYS),
        ),
    )
