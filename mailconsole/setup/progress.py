"""What is done and what comes next, derived from what is there, so that the set-up can be left and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Revision
from mailconsole.setup.models import SetupProgress

INITIAL_REVISION = 1


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
    done = set[Step]()
    if is_mail_flow_published(row):
        done |= {Step.DOMAIN, Step.WAY_OUT}
    elif row.accepted_domain:
        done.add(Step.DOMAIN)
    if not missing_roles():
        done.add(Step.PEOPLE)
    return Progress(frozenset(done), row.skipped_at is not None)


def is_mail_flow_published(row: SetupProgress) -> bool:
    """By these pages, or by any change after the first revision: `config apply` and drafts count too."""
    return row.published_at is not None or Revision.objects.filter(number__gt=INITIAL_REVISION).exists()


def missing_roles() -> list[Role]:
    """Which of editor and reviewer nobody has yet, two different people being needed for the two."""
    editors, reviewers = _active_with(Role.EDITOR), _active_with(Role.REVIEWER)
    if not editors:
        return [Role.EDITOR] if reviewers else [Role.EDITOR, Role.REVIEWER]
    return [] if reviewers - editors or (reviewers and len(editors | reviewers) > 1) else [Role.REVIEWER]


def _active_with(role: Role) -> set[int]:
    return set(User.objects.filter(groups__name=role.value, is_active=True).values_list("pk", flat=True))
