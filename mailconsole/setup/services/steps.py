"""What the steps do: keep the domain, publish the first mail flow, put the set-up aside."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.services import bootstrap
from mailconsole.common.refusals import Refusal
from mailconsole.setup.models import SetupProgress
from mailconsole.setup.progress import is_mail_flow_published, progress_row


class DomainMissing(Refusal):
    """Step 2 publishes what step 1 said, and step 1 has not been done."""


class AlreadyPublished(Refusal):
    """The first mail flow is published once; from then on it changes by drafts and reviews."""


@transaction.atomic
def keep_domain(*, actor: User, accepted_domain: str, next_hop: str) -> None:
    """Remember step 1 until step 2 publishes it. Raises AlreadyPublished, RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    row = _unpublished_row()
    row.accepted_domain, row.next_hop, row.skipped_at = accepted_domain, next_hop, None
    row.save(update_fields=["accepted_domain", "next_hop", "skipped_at"])


@transaction.atomic
def publish_mail_flow(
    *, actor: User, smart_host: str | None, now: datetime, request: HttpRequest | None = None
) -> None:
    """Publish steps 1 and 2 as the first change.

    Raises DomainMissing, AlreadyPublished, RoleRequired, and what `bootstrap.publish_first_setup` raises.
    """
    check_role(actor, Role.ADMINISTRATOR)
    row = _unpublished_row()
    if not row.accepted_domain:
        raise DomainMissing("Name your domain and its next hop first.")
    bootstrap.publish_first_setup(
        actor=actor,
        accepted_domain=row.accepted_domain,
        next_hop=row.next_hop,
        smart_host=smart_host,
        now=now,
        request=request,
    )
    row.published_at = now
    row.save(update_fields=["published_at"])


@transaction.atomic
def put_aside(*, actor: User, now: datetime, request: HttpRequest | None = None) -> None:
    """Stop leading administrators into the set-up; it stays reachable. Raises RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    row = progress_row()
    row.skipped_at = now
    row.save(update_fields=["skipped_at"])
    audit.record(
        actor=actor,
        action="setup.skipped",
        object_kind="setup",
        object_id="first",
        summary="Put the first set-up aside",
        request=request,
    )


def _unpublished_row() -> SetupProgress:
    progress_row()
    row = SetupProgress.objects.select_for_update().get(pk=1)
    if is_mail_flow_published(row):
        raise AlreadyPublished("The first mail flow is published. Change it under Mail flow, by a draft.")
    return row
