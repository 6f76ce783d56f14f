"""Publishing while nobody else exists: the sole administrator of a new installation, and only until there are two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.refusals import NotTheFirstSetup
from mailconsole.changes.services.ground import check_arrow, check_digest, locked, require, require_author
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.publish_change import put_into_effect
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.changes.states import Arrow, Way
from transport.config.document import MailFlow
from transport.config.text import slug

_REVIEWING = (Role.REVIEWER.value, Role.ADMINISTRATOR.value)


def is_first_setup(actor: User) -> bool:
    """Whether this person is the only active administrator, and nobody else could review."""
    if not actor.is_active or Role.ADMINISTRATOR.value not in actor.role_names:
        return False
    reviewers = User.objects.filter(is_active=True, groups__name__in=_REVIEWING)
    return not reviewers.exclude(pk=actor.pk).exists()


@transaction.atomic
def publish_first_setup(
    *,
    actor: User,
    accepted_domain: str,
    next_hop: str,
    smart_host: str | None,
    now: datetime,
    request: HttpRequest | None = None,
) -> Revision:
    """The first mail flow: a domain, its next hop, and a way out (`smart_host`, or DNS where it is None).

    Raises NotAllowed, NotTheFirstSetup, NothingToSubmit, InvalidDocument, pydantic.ValidationError.
    """
    change = open_change(
        author=actor, now=now, title="First set-up", reason="Asked by the guided first set-up.", request=request
    )
    document = _with_first_mail_flow(load_document(head_revision()), accepted_domain, next_hop, smart_host)
    stage_document(change=change, actor=actor, document=document, now=now, request=request)
    return publish_alone(change=change, actor=actor, now=now, request=request)


@transaction.atomic
def publish_alone(
    *, change: Change, actor: User, now: datetime, digest: str | None = None, request: HttpRequest | None = None
) -> Revision:
    """Publish one's own draft without a second person, recorded as such. `digest`, where given, is of what was seen.

    Raises NotAllowed, NotTheFirstSetup, NotYourChange, WrongState, DigestMoved, NothingToSubmit, Conflict,
    InvalidDocument.
    """
    require(actor, Role.ADMINISTRATOR)
    if not is_first_setup(actor):
        raise NotTheFirstSetup("Somebody else can review: submit the change, or publish it by break-glass.")
    change = locked(change)
    require_author(change, actor)  # somebody else's is approved, then published
    check_arrow(change, Arrow.BREAK_GLASS)
    if digest is not None:
        check_digest(change, digest)
    reason = f"Published by the only administrator: nobody else could review. {change.reason}".strip()
    return put_into_effect(
        change, actor=actor, arrow=Arrow.BREAK_GLASS, way=Way.FIRST_SETUP, now=now, request=request, reason=reason
    )


def _with_first_mail_flow(document: MailFlow, accepted_domain: str, next_hop: str, smart_host: str | None) -> MailFlow:
    """The document with the domain and the two connectors; what has the same id is replaced."""
    data = document.model_dump(mode="json")
    has_default = any(item["is_default"] and item["domain"] != accepted_domain for item in data["accepted_domains"])
    domain = {
        "id": slug(accepted_domain),
        "name": accepted_domain,
        "domain": accepted_domain,
        "is_default": not has_default,
    }
    to_domain = {
        "id": slug(f"to-{accepted_domain}"),
        "name": f"To {accepted_domain}",
        "comment": "Made by the first set-up.",
        "address_spaces": [{"domain": accepted_domain}],
        "smart_hosts": [next_hop],
    }
    internet = {
        "id": "internet",
        "name": "Internet",
        "comment": "Made by the first set-up.",
        "address_spaces": [{"domain": "*"}],
        "smart_hosts": [smart_host] if smart_host else [],
    }
    data["accepted_domains"] = _put(data["accepted_domains"], domain)
    data["send_connectors"] = _put(_put(data["send_connectors"], to_domain), internet)
    return MailFlow.model_validate(data)


def _put(items: list[dict[str, Any]], item: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in items if one["id"] != item["id"]] + [item]
