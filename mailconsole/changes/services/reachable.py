"""Whether there are people enough for what the approval rules of a document ask: else nothing could be approved."""

from __future__ import annotations

from collections.abc import Iterator

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from transport.config.document import MailFlow
from transport.config.problem import Problem
from transport.rules.approval import Person, people_problem


def unreachable_rules(document: MailFlow) -> Iterator[Problem]:
    """A problem for each rule that nobody's change could ever meet with the people of this moment."""
    rules = [rule for rule in document.approval_rules if rule.is_enabled and rule.approvals]
    if not rules:
        return
    people = [Person(one.username, frozenset(one.role_names)) for one in User.objects.filter(is_active=True)]
    reviewers = [one for one in people if Role.REVIEWER.value in one.roles]
    authors = [one.name for one in people if Role.EDITOR.value in one.roles]
    for rule in rules:
        sentence = people_problem(rule, document, reviewers, authors)
        if sentence:
            remedy = "Add reviewers under People and roles first, or ask fewer."
            yield Problem("approval_rules", rule.id, "approvals", f"{sentence} {remedy}")
