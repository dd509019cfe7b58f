"""The report as lines for a terminal: the verdict, the figures and the comparison that the page shows too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tosca_kiosk.timing.compare import by_figure
from tosca_kiosk.timing.figures import MISSED, SPREAD, figures, labelled, lit_share, shown, with_unit
from tosca_kiosk.timing.verdict import OVER

_NAME_WIDTH: Final = 36
_WIDTH: Final = 12


def text(report: Mapping[str, Any]) -> str:
    """Return everything but the missed periods one by one, which the page has."""
    lines = [told(report), "", f"verdict: {report['verdict']}"]
    lines += [f"  {each['verdict']}: {judged(each)}" for each in report["judged"]]
    lines += ["", _row("", SPREAD)]
    lines += [
        _spread(labelled(each.name, each.unit), each.spread, each.unit) for each in figures(report).values()
    ]
    lines.append(missed(report))
    if report["compared"] is not None:
        lines += ["", *_compared(report)]
    return "\n".join([*lines, "", f"report: {report['files']['html']}"])


def told(report: Mapping[str, Any]) -> str:
    """Return what was measured, in one line."""
    locked = "memory locked" if report["memory_locked"] else "memory not locked"
    lit = f"light on in {lit_share(report['emitting_share'])} of them"
    faults = f" Light was ended by: {'; '.join(report['faults'])}." if report["faults"] else ""
    return (
        f"{report['measured_utc']} UTC, {report['rate_hz']} Hz, {report['seconds']:g} s "
        f"with {', '.join(report['loads']) or 'no load'}, {report['ticks']} ticks, {lit}. "
        f"Control ran as {report['scheduling']} {report['priority']}, "
        f"{locked}. {report['machine']}. Devices and light are simulated.{faults}"
    )


def judged(line: Mapping[str, Any]) -> str:
    """Return what a line of the verdict judges, and by what."""
    unit = line["unit"]
    value = "" if line["value"] is None else f"{with_unit(line['value'], unit)}, "
    why = f" ({line['why']})" if line["why"] else ""
    return f"{line['what']}: {value}limit {with_unit(line['limit'], unit)}{why}"


def red(report: Mapping[str, Any]) -> str:
    """Return every line of the verdict that is over, as one; nothing where none is."""
    return "; ".join(judged(line) for line in report["judged"] if line["verdict"] == OVER)


def missed(report: Mapping[str, Any]) -> str:
    """Return how many periods were missed."""
    unseen = report["missed_without_witness"]
    return f"{MISSED}: {report['missed']}, unseen by the witness: {unseen}"


def compared(report: Mapping[str, Any]) -> str:
    """Return what the comparison says, and why it may say little."""
    worse = [each["what"] for each in report["compared"] if each["worse"]]
    said = f"Worse than in the older report: {'; '.join(worse) or 'nothing'}."
    if not report["unlike"]:
        return f"{said} Both were measured on like machines and in the same way."
    differ = "; ".join(f"{each['what']} {each['old']} then, {each['new']} now" for each in report["unlike"])
    return f"{said} The runs are unlike, and what changed may come from that: {differ}."


def counts(report: Mapping[str, Any]) -> list[str]:
    """Return a line for everything compared that is one number, not a spread."""
    return [
        f"{each['what']}: {shown(each['old'], each['unit'])} then, {shown(each['new'], each['unit'])} now"
        f"{', worse' if each['worse'] else ''}"
        for each in report["compared"]
        if not each["part"]
    ]


def _compared(report: Mapping[str, Any]) -> Iterator[str]:
    yield compared(report)
    yield _row("", SPREAD)
    for (name, unit), parts in by_figure(report["compared"]).items():
        worse = ", ".join(part for part, each in parts.items() if each["worse"])
        label = labelled(name, unit)
        yield f"{_spread(label, {part: each['old'] for part, each in parts.items()}, unit)}  then"
        now = _spread("", {part: each["new"] for part, each in parts.items()}, unit)
        yield f"{now}  now{f', worse: {worse}' if worse else ''}"
    yield from counts(report)


def _spread(name: str, spread: Mapping[str, float], unit: str) -> str:
    return _row(name, [shown(spread[part], unit) if part in spread else "" for part in SPREAD])


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{_NAME_WIDTH}}{''.join(f'{cell:>{_WIDTH}}' for cell in cells)}".rstrip()
