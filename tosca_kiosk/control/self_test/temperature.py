"""Judgements of the temperature controller."""

from __future__ import annotations

from statistics import fmean
from typing import Final

from hardware.arroyo.names import tec_condition_names
from tosca_kiosk.control.self_test.evidence import Evidence, Sample
from tosca_kiosk.control.self_test.finding import Finding, any_bits, error_queue
from tosca_kiosk.domain import condition_bits

REGULATES_C: Final = 0.05
"""So much nearer to the set point shows that the loop works; well over the reading's noise."""
NONE: Final = "it answers, but tells no temperature"
MEAN_OF: Final = 50
"""Samples in a mean temperature: half a second."""


def running(evidence: Evidence) -> Finding:
    """The output is on and no trip bit was set."""
    tecs = [sample.inputs.tec for sample in evidence.all]
    trips = tec_condition_names(
        any_bits(t.condition for t in tecs if t is not None) & condition_bits.TEC_FORBIDDEN
    )
    if trips:
        return Finding(False, ", ".join(trips))
    if all(tec is None for tec in tecs):
        return Finding(False, f"{NONE}; check its sensor")
    on = bool(tecs) and all(tec is not None and tec.output_on for tec in tecs)
    return Finding(on, "output on, no trip" if on else "its output is off")


def plausible(evidence: Evidence) -> Finding:
    """There was a temperature all the time, within the limits of the configuration."""
    temperatures = _temperatures(evidence)
    low_c, high_c = evidence.settings.tec.limit_low_c, evidence.settings.tec.limit_high_c
    without = len(evidence.all) - sum(_tells(evidence, sample) for sample in evidence.all)
    if without:
        return Finding(
            False, f"{NONE} in {without} of {len(evidence.all)} looks; {low_c:g} to {high_c:g} °C allowed"
        )
    plausible = bool(temperatures) and all(low_c <= value <= high_c for value in temperatures)
    now = f"{temperatures[-1]:.2f} °C" if temperatures else "unknown"
    return Finding(plausible, f"{now}; {low_c:g} to {high_c:g} °C allowed")


def regulates(evidence: Evidence) -> Finding:
    """At the set point, or nearer to it than when the test began."""
    temperatures, setpoint_c = _temperatures(evidence), evidence.rules.tec_setpoint_c
    if evidence.all and not _tells(evidence, evidence.all[-1]):
        return Finding(False, f"{NONE}, see above")
    if len(temperatures) < MEAN_OF:
        return Finding(False, "not watched for long enough")
    before_c = abs(fmean(temperatures[:MEAN_OF]) - setpoint_c)
    after_c = abs(fmean(temperatures[-MEAN_OF:]) - setpoint_c)
    if after_c <= evidence.rules.limits.tec_arm_c:
        return Finding(True, f"{after_c:.2f} °C off the set point of {setpoint_c:g} °C")
    moved = f"{before_c:.2f} °C off the set point of {setpoint_c:g} °C, then {after_c:.2f} °C"
    return Finding(after_c <= before_c - REGULATES_C, moved)


def errors(evidence: Evidence) -> Finding:
    """The error queue stayed empty."""
    errors = [sample.tec_errors for sample in evidence.all if sample.tec_errors is not None]
    if not errors:
        return Finding(False, "never read")
    return error_queue((c for codes in errors for c in codes), evidence.links["tec"].found_at_start)


def _tells(evidence: Evidence, sample: Sample) -> bool:
    """Whether the controller tells a temperature wherever it tells anything.

    One without a sensor answers as soon as any other, and with no temperature. A silent one has its last.
    """
    tec, heard_s = sample.inputs.tec, sample.tec_heard_s
    if tec is None or heard_s is None:
        return heard_s is None
    return heard_s - tec.temperature_asked_s <= evidence.rules.limits.tec_fresh_s


def _temperatures(evidence: Evidence) -> list[float]:
    return [
        tec.temperature_c
        for sample in evidence.all
        if (tec := sample.inputs.tec) is not None and _tells(evidence, sample)
    ]
