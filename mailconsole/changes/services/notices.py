"""A person's notices: what is unread, reading it, and whether it comes by mail too."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.audit import services as audit
from mailconsole.changes.models import Change, MailWish, Notice
from mailconsole.changes.refusals import NoAddress

KEPT = timedelta(days=90)


def unread(person: User) -> QuerySet[Notice]:
    return Notice.objects.filter(person=person, read_at=None)


def read_notices(*, person: User, now: datetime, change: Change | None = None) -> int:
    """Mark them read: of one change, which the person looked at, or all."""
    found = unread(person) if change is None else unread(person).filter(change=change)
    return found.update(read_at=now)


@transaction.atomic
def wish_mail(*, person: User, is_wanted: bool, now: datetime, request: HttpRequest | None = None) -> None:
    """Raises NoAddress."""
    if is_wanted and not person.email:
        raise NoAddress("You have no mail address here: an administrator enters it under People and roles.")
    if not is_wanted and not MailWish.objects.filter(person=person, is_wanted=True).exists():
        return  # as it was
    MailWish.objects.update_or_create(person=person, defaults={"is_wanted": is_wanted, "problem": ""})
    audit.record(
        actor=person,
        action="notices.mail_wished" if is_wanted else "notices.mail_declined",
        object_kind="user",
        object_id=str(person.pk),
        summary="Wants notices by mail" if is_wanted else "Wants no notices by mail",
        request=request,
        now=now,
    )


def forget_old(now: datetime) -> None:
    Notice.objects.filter(created_at__lt=now - KEPT).delete()
