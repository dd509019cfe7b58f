"""The rules of a cart without a session: a site's limits are in the record, which a helper is asked for."""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.helpers import Helpers
from tosca_kiosk.control.received import limits_problem
from tosca_kiosk.domain.questions import Answer, LimitsAnswer, NoAnswer
from tosca_kiosk.domain.setting_table import IDLE_WITHIN_S
from tosca_kiosk.domain.state import Phase

FIRST_AFTER_S: Final = 3.0
"""The helper's process is starting until then; what somebody waits for comes before this question."""

log = logging.getLogger("tosca_kiosk.control.idle_rules")


class IdleRules:
    """Asks for the site's rules at the start, after each session and every so often on an idle cart.

    Until the first answer, and where there is none, the rules that are known hold on: at first those of the
    configuration alone. An answer that is looser than these is refused and logged. configured: those.
    """

    def __init__(self, controller: Controller, helpers: Helpers) -> None:
        self.configured = controller.rules
        self._controller = controller
        self._helpers = helpers
        self._asked: int | None = None
        self._due_s: float | None = None
        self._told: str | None = None

    def turn(self, now_s: float) -> None:
        """Ask where it is time; only while idle, for a helper that must be started again costs a tick."""
        if self._due_s is None:
            self._due_s = now_s + FIRST_AFTER_S
        if self._controller.recording:
            self._due_s = now_s
        if self._controller.recording or self._controller.state.phase is not Phase.IDLE:
            return
        if self._asked is None and now_s >= self._due_s:
            self._due_s = now_s + IDLE_WITHIN_S
            self._asked = self._helpers.ask_limits(now_s)

    def heard(self, answer: Answer) -> None:
        """Take an answer, if it is to this question."""
        if answer.id != self._asked:
            return
        self._asked = problem = None
        if isinstance(answer, LimitsAnswer):
            problem = limits_problem(answer.limits, self.configured)
            if problem is None:
                rules = msgspec.structs.replace(self.configured, limits=answer.limits)
                self._controller.hold_idle_rules(rules)
        elif isinstance(answer, NoAnswer):
            problem = answer.problem
        if problem is not None and problem != self._told:
            log.warning("the site's limits on the idle cart stay as they were: %s", problem)
        self._told = problem
