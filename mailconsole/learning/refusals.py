"""Why learning says no."""

from __future__ import annotations

from mailconsole.common.refusals import Refusal


class NoSuchConnector(Refusal):
    """The receive connector is not in the published configuration."""


class LearnsAlready(Refusal):
    """A window of this connector goes on; it can be ended first."""


class NotLearning(Refusal):
    """There is no window that goes on."""


class NothingChosen(Refusal):
    """No candidate was chosen, or none of them is there any more."""


class CandidatesGone(Refusal):
    """Some of the chosen are not there any more: a client that was seen since makes another candidate."""


class NeverLearned(Refusal):
    """No window was ever begun there."""


class NoPolicyHelps(Refusal):
    """The refusal is not about a recipient that a relay policy could admit."""
