"""What is done and what comes next, derived from what is there, so that the set-up can be left and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.setup.models import SetupProgress


class Step(StrEnum):
    """The steps, in their order; the values are parts of addresses."""

    DOMAIN = "domain"
    WAY_OUT = "way-out"
    PEOPLE = "people"

    @property
    def label(self) -> str:
        return {Step.DOMAIN: "Your domain", Step.WAY_OUT: "Everything else", Step.PEOPLE: "Two more people"}[self]

    @property
    def url(self) -> str:
        return reverse(f"setup:{self.value}")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the first set-up stands."""

    done: frozenset[Step]
    is_skipped: bool

    @property
    def is_finished(self) -> bool:
        return self.done == frozenset(Step)

    @property
    def next_step(self) -> Step | None:
        return next((step for step in Step if step not in self.done), None)


def progress_row() -> SetupProgress:
    return SetupProgress.objects.get_or_create(pk=1)[0]


def read_progress() -> Progress:
    """Look at what is there: the published mail flow and the people."""
    row = progress_row()
    done = set()
    if row.accepted_domain or row.published_at:
        done.add(Step.DOMAIN)
    if row.published_at:
        done.add(Step.WAY_OUT)
    if not missing_roles():
        done.add(Step.PEOPLE)
    return Progress(frozenset(done), row.skipped_at is not None)


def missing_roles() -> list[Role]:
    """Which of editor and reviewer nobody has yet, two different people being needed for the two."""
    editors, reviewers = _active_with(Role.EDITOR), _active_with(Role.REVIEWER)
    if not editors:
        return [Role.EDITOR] if reviewers else [Role.EDITOR, Role.REVIEWER]
    return [] if reviewers - editors or (reviewers and len(editors | reviewers) > 1) else [Role.REVIEWER]


def _active_with(role: Role) -> set[int]:
    return set(User.objects.filter(groups__name=role.value, is_active=True).values_list("pk", flat=True))
