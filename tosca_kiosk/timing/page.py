"""The report as one HTML page that needs nothing else: figures, verdict, drawings, missed periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from tosca_kiosk.timing import text
from tosca_kiosk.timing.compare import by_figure
from tosca_kiosk.timing.drawing import bars, histogram, over_time
from tosca_kiosk.timing.figures import SPREAD, figures, labelled, shown, with_unit
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


def page(run: Run, report: dict[str, Any]) -> str:
    """Return the page as text."""
    loads = ", ".join(report["loads"]) or "no load"
    title = f"Control loop at {report['rate_hz']} Hz with {loads}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(text.told(report))}</p>",
        f"<h2>Verdict: {_marked(report['verdict'])}</h2>",
        _judged(report["judged"]),
        _compared(report),
        "<h2>Figures</h2>",
        _figures(report),
        f"<h2>Lateness</h2><p><span class='key ours'>control</span> and its witness, "
        f"<span class='key peer'>{escape(run.witness_name)}</span>: above the share of their wake-ups by "
        "lateness, below the latest wake-up of each moment of the run, with every missed period as an "
        "upright line.</p>",
        _drawings(run, report),
        "<h2>Tick, part by part</h2>",
        bars([(part, report["parts_us"][part]["p50"], report["parts_us"][part]["p99"]) for part in PARTS]),
        "<p>Filled to the p50, a line to the p99. link: the kiosk's requests. "
        "sample: the drivers' readings as the decision's inputs. "
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
                "" if each["value"] is None else with_unit(each["value"], each["unit"]),
                with_unit(each["limit"], each["unit"]),
                _marked(each["verdict"]),
                escape(each["why"]),
            )
            for each in judged
        ),
    )


def _compared(report: dict[str, Any]) -> str:
    if report["compared"] is None:
        return ""
    rows = (
        (escape(labelled(*figure)), *(_then_and_now(parts.get(part)) for part in SPREAD))
        for figure, parts in by_figure(report["compared"]).items()
    )
    counts = "".join(f"<li>{escape(line)}</li>" for line in text.counts(report))
    return (
        f"<h2>Compared with the older report</h2><p>{escape(text.compared(report))}</p>"
        f"{table(('then to now', *SPREAD), rows)}<ul>{counts}</ul>"
    )


def _then_and_now(change: dict[str, Any] | None) -> str:
    if change is None:
        return ""
    then, now = (shown(change[key], change["unit"]) for key in ("old", "new"))
    return f"{then} to {now}{' ' + _marked('worse') if change['worse'] else ''}"


def _figures(report: dict[str, Any]) -> str:
    return table(
        ("", *SPREAD),
        (
            (
                escape(labelled(each.name, each.unit)),
                *(shown(each.spread[part], each.unit) if part in each.spread else "" for part in SPREAD),
            )
            for each in figures(report).values()
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
    told = sum(each["periods"] for each in report["missed_spans"])
    more = f" Told here are the first {told}." if told < report["missed"] else ""
    said = f"<p>{escape(text.missed(report))}{more}</p>"
    rows = (
        (
            f"{each['began_s']:.3f}",
            f"{each['periods']}",
            "yes" if each["witness_saw"] else _marked("over").replace(">over<", ">no<"),
            "" if each["witness_late_us"] is None else shown(each["witness_late_us"], "us"),
            f"{escape(each['slowest'])} {with_unit(each['slowest_us'], 'us')}",
            escape("; ".join(f"{name}: {what}" for name, what in each["ran"].items() if what)),
        )
        for each in report["missed_spans"]
    )
    return said + table(
        ("second", "periods", "witness saw it", "witness late, us", "slowest in control", "what ran then"),
        rows,
    )
