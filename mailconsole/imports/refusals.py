"""Why an import says no; its text is for the person who asked."""

from __future__ import annotations

from mailconsole.common.refusals import Refusal


class UnreadableFile(Refusal):
    """A file is not what it should be; the sentence names it."""


class NothingToImport(Refusal):
    """The files hold nothing that leads to a change."""
