"""The first start: the admin's PIN and the first technician, in five short steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tosca_kiosk.domain.state import Phase
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.first_start.form import FirstStartForm, SetUpStep
from tosca_kiosk.kiosk.snapshot.state import KioskState


class _Words(NamedTuple):
    title: str
    text: str


_WORDS = {
    SetUpStep.ADMIN_PIN: _Words(
        title="Admin PIN",
        text="Choose six digits for the administrator. They are needed for accounts and settings.",
    ),
    SetUpStep.ADMIN_PIN_AGAIN: _Words(title="Admin PIN again", text="Type the same six digits once more."),
    SetUpStep.NAME: _Words(
        title="First technician", text="Who will treat? The name is shown on the screen and kept."
    ),
    SetUpStep.PIN: _Words(title="Technician's PIN", text="Choose six digits for {name}."),
    SetUpStep.PIN_AGAIN: _Words(title="Technician's PIN again", text="Type the same six digits once more."),
}
_FAULT_LATER = "A fault stands. Finish this first: its reset takes a PIN."
_STEPS = tuple(SetUpStep)


@dataclass(frozen=True, slots=True)
class FirstStartView:
    """The step in hand. pin_shown: the pad, else the name's field. refused: why a step did not count.

    message: what the pad is for. fault: what to do of a fault that nobody can reset yet.
    """

    step: str
    title: str
    text: str
    pin_shown: bool
    full_name: str
    refused: str
    message: str
    fault: str
    busy: bool
    can_go_back: bool


def view(state: KioskState) -> FirstStartView:
    """Return what the screen shows."""
    form = state.form(FirstStartForm)
    words = _WORDS[form.step]
    return FirstStartView(
        step=f"First start, step {_STEPS.index(form.step) + 1} of {len(_STEPS)}",
        title=words.title,
        text=words.text.format(name=form.full_name),
        pin_shown=form.step is not SetUpStep.NAME,
        full_name=form.full_name,
        refused=form.refused or (wording.RECORD_LOST if state.record_problem else ""),
        message="One moment ..." if form.busy else "Six digits",
        fault=_FAULT_LATER if state.live is not None and state.live.phase == Phase.FAULT else "",
        busy=form.busy,
        can_go_back=form.step is not SetUpStep.ADMIN_PIN and not form.busy,
    )
