"""Notices by mail, through a node of our own: one mail for a burst, to people who want it. Nothing about mail is told,
and the mail has the null reverse-path, so that no report about it is ever made: it can't loop."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import structlog

from mailconsole.accounts.models import User
from mailconsole.changes.models import MailWish, Notice
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.nodes import dispatch
from mailconsole.nodes.dispatch import NodeCommand, NodeDidNotAnswer, NodeRefusedCommand
from mailconsole.nodes.models import Node

BURST = timedelta(seconds=30)
LONGEST_BURST = timedelta(minutes=5)
"""However often something new is told, nobody waits longer for the mail."""
TRY_AGAIN = timedelta(minutes=5)
TOLD_AT_MOST = 20
log = structlog.get_logger(__name__)


def mail_due(*, now: datetime) -> int:
    """Send what has waited for the end of its burst; how many mails were taken. A failure is shown, and tried again."""
    sent = 0
    wishes = MailWish.objects.filter(is_wanted=True, person__is_active=True).exclude(person__email="")
    for wish in wishes.select_related("person"):
        if wish.tried_at is None or not wish.problem or now - wish.tried_at >= TRY_AGAIN:
            sent += _mail(wish, now)
    return sent


def _mail(wish: MailWish, now: datetime) -> int:
    waiting = Notice.objects.filter(person=wish.person, read_at=None, mailed_at=None)
    found = list(waiting.select_related("change").order_by("created_at"))
    if not found or (now - found[-1].created_at < BURST and now - found[0].created_at < LONGEST_BURST):
        return 0
    # Two beats at once: whoever marks them sends them; what could not be sent is unmarked again.
    mine = Notice.objects.filter(pk__in=[one.pk for one in found], mailed_at=None)
    if mine.update(mailed_at=now) != len(found):
        return 0
    problem = _send(wish.person, found, now)
    if problem:
        Notice.objects.filter(pk__in=[one.pk for one in found], mailed_at=now).update(mailed_at=None)
        log.warning("notices.mail_failed", person=wish.person.pk)
    MailWish.objects.filter(pk=wish.pk).update(tried_at=now, problem=problem[:500])
    return 0 if problem else 1


def _send(person: User, found: list[Notice], now: datetime) -> str:
    """The problem; one person's address, which a directory may have given, never keeps the others waiting."""
    try:
        mail = compose(person, found, sender=_sender(), now=now)
    except ValueError:
        return f"No mail can be addressed to {person.email!r}."
    return _hand_over(mail)


def compose(person: User, found: list[Notice], *, sender: str, now: datetime) -> bytes:
    """Plain text; titles and names in it are hostile text, which a header field never holds."""
    mail = EmailMessage()
    mail["From"] = f"Mailconsole <{sender}>"
    mail["To"] = person.email
    mail["Subject"] = "Mailconsole: 1 notice" if len(found) == 1 else f"Mailconsole: {len(found)} notices"
    mail["Date"] = format_datetime(now)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    lines = [f"- {one.text}\n  (Changes, number {one.change_id})" for one in found[:TOLD_AT_MOST]]
    lines += [f"And {len(found) - TOLD_AT_MOST} more."] if len(found) > TOLD_AT_MOST else []
    mail.set_content("\n".join([*lines, "", "You get this because you asked for it under the bell in Mailconsole."]))
    return mail.as_bytes()


def _sender() -> str:
    document = load_document(head_revision())
    return str(document.organization.postmaster_address or f"postmaster@{document.default_domain or 'localhost'}")


def _hand_over(content: bytes) -> str:
    """The problem, empty where a node has it on disk. The next node is asked only where one refused: a node that did
    not answer may have it."""
    problem = "No node reports now."
    arguments = {"content": base64.b64encode(content).decode()}
    for node in Node.objects.exclude(worker="").order_by("-heartbeat_at"):
        try:
            dispatch.ask_node(node.name, NodeCommand.SUBMIT, arguments)
        except NodeRefusedCommand as refusal:
            problem = str(refusal)
        except NodeDidNotAnswer as silence:
            return str(silence)
        else:
            return ""
    return problem
