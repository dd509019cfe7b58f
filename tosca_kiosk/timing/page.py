"""The report as one HTML page that needs nothing else: figures, verdict, drawings, missed periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from tosca_kiosk.timing.drawing import bars, histogram, over_time
from tosca_kiosk.timing.report import Run, windowed
from tosca_kiosk.timing.samples import PARTS, column

_STYLE: Final = """
:root { --text: #17202a; --faint: #9aa5b1; --ground: #ffffff; --ours: #0b62c4; --peer: #c46a0b;
        --bad: #c4161c; --good: #1a7f37; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6eaee; --faint: #5d6a77; --ground: #14191f; --ours: #6cb2ff; --peer: #ffb45c;
          --bad: #ff7b80; --good: #6fd58a; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--ground);
       max-width: 1000px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; } td, th { padding: .25em .8em; text-align: right;
        border-bottom: 1px solid var(--faint); } td:first-child, th:first-child, td.text { text-align: left; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--text); }
.axis { stroke: var(--faint); } .line { fill: none; stroke-width: 1.5; } .dots { stroke-width: 2.4; }
.ours { stroke: var(--ours); } .peer { stroke: var(--peer); } .missed { stroke: var(--bad); }
.bar { fill: var(--ours); }
.key { font-weight: bold; } .key.ours { color: var(--ours); } .key.peer { color: var(--peer); }
.over, .worse { color: var(--bad); font-weight: bold; } .holds { color: var(--good); font-weight: bold; }
"""
_SPREAD: Final = ("p50", "p99", "p999", "max")


def page(run: Run, report: dict[str, Any]) -> str:
    """Return the page as text."""
    loads = ", ".join(report["loads"]) or "nothing"
    title = f"Control loop at {report['rate_hz']} Hz with {loads}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(_told(report))}</p>",
        f"<h2>Verdict: {_marked(report['verdict'])}</h2>",
        _judged(report["judged"]),
        _compared(report["compared"]),
        "<h2>Figures</h2>",
        _figures(report),
        f"<h2>Lateness</h2><p><span class='key ours'>control</span> and its witness, "
        f"<span class='key peer'>{escape(run.witness_name)}</span></p>",
        _drawings(run, report),
        "<h2>Tick, part by part</h2>",
        bars([(part, report["parts_us"][part]["p50"], report["parts_us"][part]["p99"]) for part in PARTS]),
        "<p>link: the kiosk's requests. sample: the drivers' readings as the decision's inputs. "
        "ring: telemetry made and published, answers sent. "
        "The simulated world's own cost is not part of the tick.</p>",
        "<h2>Missed periods</h2>",
        _missed(report),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _told(report: dict[str, Any]) -> str:
    faults = f" Light was ended by: {'; '.join(report['faults'])}." if report["faults"] else ""
    locked = "memory locked" if report["memory_locked"] else "memory not locked"
    return (
        f"{report['measured_utc']} UTC, {report['seconds']:g} s, {report['ticks']} ticks, light on in "
        f"{report['emitting_share']:.1%} of them. "
        f"Control ran as {report['scheduling']} {report['priority']}, {locked}. "
        f"{report['machine']}. Devices and light are simulated.{faults}"
    )


def _marked(verdict: str) -> str:
    return f'<span class="{escape(verdict.split(maxsplit=1)[0])}">{escape(verdict)}</span>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are HTML already."""
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _judged(judged: list[dict[str, Any]]) -> str:
    return table(
        ("what", "measured", "limit", "verdict", ""),
        (
            (
                escape(each["what"]),
                "" if each["value"] is None else f"{each['value']:g} {each['unit']}",
                f"{each['limit']:g} {each['unit']}",
                _marked(each["verdict"]),
                escape(each["why"]),
            )
            for each in judged
        ),
    )


def _compared(compared: list[dict[str, Any]] | None) -> str:
    if compared is None:
        return ""
    rows = (
        (
            escape(each["what"]),
            f"{each['old']:g} {each['unit']}",
            f"{each['new']:g} {each['unit']}",
            _marked("worse") if each["worse"] else "",
        )
        for each in compared
    )
    return "<h2>Compared with the older report</h2>" + table(("what", "then", "now", ""), rows)


def _figures(report: dict[str, Any]) -> str:
    witness = report["witness"]
    rows = {
        "lateness": report["late_us"],
        f"lateness of {witness['name']}": witness,
        "tick": report["tick_us"],
    }
    rows |= {"simulated world, not in the tick": report["simulated_world_us"]}
    rows |= {f"- {part}": report["parts_us"][part] for part in PARTS}
    return table(
        ("us", *_SPREAD),
        (
            (escape(name), *(f"{row[key]:g}" if key in row else "" for key in _SPREAD))
            for name, row in rows.items()
        ),
    )


def _drawings(run: Run, report: dict[str, Any]) -> str:
    rows, witness = run.rows[1:], windowed(run.witness, run.began_s, run.ended_s)
    late, peer = column(rows, "late") / 1e3, witness.late / 1e3
    zero = run.began_s * 1e9
    ours_s, peer_s = (column(rows, "woke") - zero) / 1e9, (witness.woke - zero) / 1e9
    top = max(report["late_us"]["max"], report["witness"].get("max", 0.0))
    missed_s = [each["ended_s"] for each in report["missed_spans"]]
    return histogram([("peer", peer), ("ours", late)], top) + over_time(
        [("peer", peer_s, peer), ("ours", ours_s, late)], run.seconds, missed_s
    )


def _missed(report: dict[str, Any]) -> str:
    if not report["missed"]:
        return "<p>None.</p>"
    said = (
        f"<p>{report['missed']} missed, {report['missed_without_witness']} of them unseen by the witness.</p>"
    )
    rows = (
        (
            f"{each['began_s']:.3f}",
            f"{each['periods']}",
            "yes" if each["witness_saw"] else _marked("over").replace(">over<", ">no<"),
            "" if each["witness_late_us"] is None else f"{each['witness_late_us']:g}",
            f"{escape(each['slowest'])} {each['slowest_us']:g} us",
            escape("; ".join(f"{name}: {what}" for name, what in each["ran"].items() if what)),
        )
        for each in report["missed_spans"]
    )
    return said + table(
        ("second", "periods", "witness saw it", "witness late, us", "slowest in control", "what ran then"),
        rows,
    )
