"""Whether a session's rules are those that the record says: asked once, and again where that may help."""

from __future__ import annotations

from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.helpers import Helpers
from tosca_kiosk.domain.questions import Answer, NoAnswer, RulesAnswer
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.link.numbered import Numbered


class Comparison:
    """Asks for the record's rules and tells the controller what came of it.

    A difference stays as long as the session; what kept the record from being read may pass.
    """

    def __init__(self, controller: Controller, helpers: Helpers) -> None:
        self._controller = controller
        self._helpers = helpers
        self._session: Numbered | None = None
        self._asked: int | None = None
        self._may_pass = False

    def begin(self, session: Numbered, now_s: float) -> None:
        """A session is open under the controller's rules: ask."""
        self._session = session
        self._ask(now_s)

    def again(self, now_s: float) -> None:
        """Somebody wants to arm: ask again where the record could not be read; never while armed."""
        if self._may_pass and self._controller.state.phase is Phase.READY:
            self._ask(now_s)

    def heard(self, answer: Answer) -> None:
        """Take an answer, if it is to this question."""
        if answer.id != self._asked:
            return
        self._asked = None
        if isinstance(answer, RulesAnswer):
            self._controller.rules_problem = rules_difference(self._controller.rules, answer.rules)
        elif isinstance(answer, NoAnswer):
            self._controller.rules_problem, self._may_pass = answer.problem, True

    def end(self) -> None:
        """The session is over: what is still asked is of no use."""
        self._session = self._asked = None
        self._may_pass = False

    def _ask(self, now_s: float) -> None:
        if self._session is not None:
            self._may_pass = False
            self._controller.not_compared()
            self._asked = self._helpers.ask_rules(self._session, now_s)
