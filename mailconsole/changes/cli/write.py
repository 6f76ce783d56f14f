"""The verbs of `config` that change something: in one person's name, by the services that the pages call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.cli.files import document_of_file, problem_line, revision_of
from mailconsole.changes.models import Change
from mailconsole.changes.services.account_password import make_account_password
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.bootstrap import is_first_setup, publish_alone
from mailconsole.changes.services.ground import digest_of, require
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.services.publish_without_approval import publish_without_approval
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.changes.services.submit_change import check_plan, submit_change
from mailconsole.changes.states import ChangeState
from mailconsole.common.secrets import is_for_documents, store_secret
from transport.config.diff import diff
from transport.rules.approval import demands_of

Write = Callable[[str], Any]
Options = dict[str, Any]
USER_VARIABLE = "MAILCONSOLE_USER"


def apply(options: Options, write: Write) -> None:
    """All of it or nothing: what is refused leaves no draft behind."""
    document = document_of_file(options["file"])
    head = head_revision()
    if not diff(load_document(head), document):
        write(f"Nothing to change: revision {head} is as {options['file']} says.")
        return
    actor, now = actor_of(options["user"]), timezone.now()
    with transaction.atomic():
        title = options["title"] or f"Apply {os.path.basename(options['file'])}"  # noqa: PTH119
        change = open_change(author=actor, now=now, title=title, reason=options["reason"], ticket=options["ticket"])
        stage_document(change=change, actor=actor, document=document, now=now)
        plan = plan_change(change, now=now)
        _write_plan(plan, write)
        _check(options["file"], change, plan)
        if options["dry_run"]:
            transaction.set_rollback(True)
            write("Nothing was changed: this was a dry run.")
            return
        _finish(change, actor, now, is_publishing=options["publish"], write=write)


def _write_plan(plan: Plan, write: Write) -> None:
    write(f"Plan, against revision {plan.head}:")
    for sentence in plan.sentences:
        write(f"  {sentence}")
    for need in demands_of(plan.changes, plan.head_document, now=timezone.now()).needs:
        write(f"  Needs {need.sentence[:1].lower()}{need.sentence[1:]}: {need.reasons[0]}")
    for problem in plan.problems:
        if problem not in plan.errors:
            write(f"  {problem_line(problem, plan.document or plan.head_document)}")


def _check(file: str, change: Change, plan: Plan) -> None:
    if plan.errors:
        shown = plan.document or plan.head_document
        raise CommandError("\n".join(f"{file}: {problem_line(problem, shown)}" for problem in plan.errors))
    check_plan(change, plan)


def _finish(change: Change, actor: User, now: datetime, *, is_publishing: bool, write: Write) -> None:
    if is_publishing:
        if not is_first_setup(actor):
            if approvals_of(change, plan_change(change, now=now), now=now).demands.is_nobody_needed:
                revision = publish_without_approval(change=change, actor=actor, now=now)
                write(f"Published as revision {revision}: the approval rules ask nobody else.")
                return
            raise CommandError(
                "--publish would skip the review: somebody else can approve this change. Leave --publish out to "
                "submit it. Nothing was changed."
            )
        revision = publish_alone(change=change, actor=actor, now=now)
        write(f"Published as revision {revision}, by the only administrator: nobody else could review.")
        return
    same = _same_in_review(change, actor)
    if same is not None:
        transaction.set_rollback(True)
        write(f"Nothing to do: change {same.pk}, “{same.title}”, asks for just this and waits.")
        return
    submit_change(change=change, actor=actor, now=now)
    write(f"Change {change.pk}, “{change.title}”, waits for a review.")


def restore(options: Options, write: Write) -> None:
    """Lead back to an older revision, and ask for a review of that."""
    actor, now = actor_of(options["user"]), timezone.now()
    with transaction.atomic():
        revision = revision_of(options["number"])
        change = restore_revision(revision=revision, actor=actor, reason=options["reason"], now=now)
        _write_plan(plan_change(change, now=now), write)
        _finish(change, actor, now, is_publishing=False, write=write)


def _same_in_review(change: Change, actor: User) -> Change | None:
    waiting = Change.objects.filter(author=actor, state__in=[ChangeState.IN_REVIEW, ChangeState.APPROVED])
    digest = digest_of(change)
    return next((other for other in waiting if digest_of(other) == digest), None)


def secret(options: Options, write: Write) -> None:
    """The value comes from standard input, so that it stands in no process list and no shell history."""
    actor = actor_of(options["user"])
    require(actor, Role.EDITOR)
    if actor.limit_of(Role.EDITOR) is not None:
        raise CommandError(f"{actor}'s role editor is limited: store a connector's password with its form.")
    if not is_for_documents(options["name"]):
        raise CommandError("A name with a slash is one of the console's own secrets: choose another.")
    value = sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise CommandError("Standard input is empty: write the password to it, for example with a here-document.")
    with transaction.atomic():
        store_secret(name=options["name"], value=value)
        audit.record(
            actor=actor,
            action="secret.stored",
            object_kind="secret",
            object_id=options["name"],
            summary=f"Stored the secret {options['name']}",
        )
    write(f"Stored. Connectors name it as password_secret: {options['name']}")


def password(options: Options, write: Write) -> None:
    """Printed once: only its hash is kept."""
    name = options["name"]
    made = make_account_password(actor=actor_of(options["user"]), secret=name, account=name, now=timezone.now())
    write(made)
    write(f"Only its hash is stored. Service accounts name it as password_secret: {name}")


def actor_of(name: str | None) -> User:
    """Whose act it is: `--as`, else MAILCONSOLE_USER, else the only administrator. Raises CommandError."""
    wanted = name or os.environ.get(USER_VARIABLE, "")
    active = User.objects.filter(is_active=True)
    if wanted:
        found = active.filter(username=wanted).first()
        if found is None:
            raise CommandError(f"There is no active person '{wanted}'.")
        return found
    administrators = list(active.filter(groups__name=Role.ADMINISTRATOR.value)[:2])
    if len(administrators) != 1:
        raise CommandError(f"Say whose change it is: --as USER, or the variable {USER_VARIABLE}.")
    return administrators[0]
