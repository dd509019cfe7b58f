"""Protocols: a list, and a preview of the chosen one; what the cart refuses says so in place."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.protocols.form import ProtocolsForm
from tosca_kiosk.kiosk.services.plans import ListedProtocol
from tosca_kiosk.kiosk.snapshot.state import KioskState

Rows = tuple[tuple[str, str, str], ...]
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class ProtocolsView:
    """rows: name, what it is, "" or "over limit". planned: (seconds, watts) of the chosen one."""

    rows: Rows
    chosen: str
    empty: str
    title: str
    description: str
    facts: str
    planned: Points
    limit_w: float | None
    refused: str
    problem: str
    can_go_on: bool


def view(state: KioskState) -> ProtocolsView:
    """Return what the screen shows."""
    form = state.form(ProtocolsForm)
    listing, chosen = form.listing, form.chosen
    listed = () if listing is None else listing.protocols
    plan = None if chosen is None else chosen.plan
    usable = chosen is not None and chosen.refused is None and plan is not None
    problem = (
        wording.RECORD_LOST if state.record_problem else ("" if listing is None else listing.problem or "")
    )
    return ProtocolsView(
        rows=tuple(_row(row) for row in listed),
        chosen="" if chosen is None else chosen.name,
        empty="Reading the protocols ..." if form.busy else "There is no protocol.",
        title="Choose a protocol" if chosen is None else chosen.name,
        description="" if chosen is None or chosen.refused else chosen.description,
        facts="" if plan is None else _facts(plan, usable),
        planned=() if plan is None else Plan(plan).power_curve(),
        limit_w=None if chosen is None else chosen.power_limit_w,
        refused="" if chosen is None else _refused(chosen),
        problem=problem,
        can_go_on=usable and not problem,
    )


def rings(plan: Protocol) -> str:
    """Return the plan's ring sizes in their order, equal neighbours once."""
    sizes = [f"{step.ring_size_mm:g}" for step in plan.steps]
    changes = [size for at, size in enumerate(sizes) if at == 0 or size != sizes[at - 1]]
    return f"{' > '.join(changes)} mm"


def _row(row: ListedProtocol) -> tuple[str, str, str]:
    if row.plan is None:
        return row.name, wording.marked("cannot be read", row.odd), "refused"
    detail = f"{wording.duration(row.plan.duration_s)}, {wording.joules(row.plan.planned_energy_j)}"
    return row.name, wording.marked(detail, row.odd), "" if row.refused is None else "refused"


def _facts(plan: Protocol, whole: bool) -> str:
    """Return one line, or two; a refused plan's reason needs the room of the second."""
    sums = (
        f"{wording.duration(plan.duration_s)}   {wording.joules(plan.planned_energy_j)}   "
        f"peak {wording.watts(plan.peak_power_w)}"
    )
    steps = f"{len(plan.steps)} steps" if len(plan.steps) > 1 else "1 step"
    return f"{sums}\n{steps}   ring {rings(plan)}" if whole else sums


def _refused(chosen: ListedProtocol) -> str:
    return chosen.refused or ""
