"""Why a protocol is refused, in a technician's words: control and record name the document's keys."""

from __future__ import annotations

import re

_WORDS = {
    "step_number": "number",
    "duration_seconds": "duration",
    "power_start_watts": "power at its start",
    "power_end_watts": "power at its end",
    "ring_size_mm": "ring size",
    "ramp_type": "kind of ramp",
    "safety_limits": "the protocol's limits",
    "max_power_watts": "highest power",
    "max_duration_seconds": "longest duration",
    "max_laser_power_watts": "the cart's limit",
    "max_treatment_duration_seconds": "the cart's longest duration",
    "protocol_name": "name",
}
"""Keys of a protocol and of the site's limits, as they are spoken of."""

_STEP = re.compile(r"\bsteps\[(\d+)\](?:\.(\w+):?)?")
_LIMIT = re.compile(r"\bsafety_limits\.(\w+):?")
_KEY = re.compile(rf"\b({'|'.join(key for key in _WORDS if '_' in key)})\b")
_STEPS = {"steps: is ": "the steps are ", "steps: ": ""}


def spoken(refusal: str) -> str:
    """Return a refusal without paths and keys: `steps[0].ring_size_mm: 9` is `Step 1: ring size 9`."""
    return "; ".join(_sentence(part) for part in refusal.split("; "))


def _sentence(text: str) -> str:
    begun = next((begun for begun in _STEPS if text.startswith(begun)), "")
    text = _STEPS.get(begun, "") + text.removeprefix(begun)
    named = bool(begun or _STEP.match(text) or _LIMIT.match(text))
    text = _STEP.sub(_step, text)
    text = _LIMIT.sub(lambda found: f"the protocol's {_word(found[1])}", text)
    text = _KEY.sub(lambda found: _WORDS[found[1]], text)
    return text[:1].upper() + text[1:] if named else text


def _step(found: re.Match[str]) -> str:
    number = int(found[1]) + 1
    return f"step {number}" if found[2] is None else f"step {number}: {_word(found[2])}"


def _word(key: str) -> str:
    return _WORDS.get(key, key.replace("_", " "))
