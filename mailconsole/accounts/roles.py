"""The roles, what each may do, and how a view or a service asks for one."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do; a person may have several. Each is a Django group of the same name."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def implied(self) -> frozenset[Role]:
        """The roles that this one brings along, itself among them."""
        if self is Role.ADMINISTRATOR:
            return frozenset(Role)
        return frozenset({self, Role.VIEWER})


_SENTENCES = {
    Role.VIEWER: "Sees every page, changes nothing.",
    Role.OPERATOR: "Acts on queues and messages: retry, hold, remove.",
    Role.EDITOR: "Drafts changes to mail flow and submits them for review.",
    Role.REVIEWER: "Reviews, approves and publishes changes of others.",
    Role.AUDITOR: "Reads the whole audit, with addresses and requests; exports it and checks its chain.",
    Role.ADMINISTRATOR: "Has every role and manages people. Nobody approves their own change, not even here.",
}
