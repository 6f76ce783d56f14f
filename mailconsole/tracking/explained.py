"""Refusals and messages as questions for Explain: as they were decided, and as they would be now."""

from __future__ import annotations

from django.urls import reverse

from mailconsole.changes.explain_link import Decided, explain_link
from mailconsole.changes.recorded import RecordedRefusal
from mailconsole.changes.services.explanation import Question
from mailconsole.tracking.models import Message, Refusal
from mailconsole.tracking.services.life import receipt_detail
from transport.model.verdict import Stage


def attempt_of(refusal: Refusal) -> Question:
    """What was refused, as a question; of several recipients the first."""
    return Question(
        peer=refusal.peer,
        binding=refusal.binding,
        helo=refusal.helo,
        sender=refusal.sender,
        recipient=refusal.recipient.partition(", ")[0],
        identity=refusal.identity,
        is_tls=bool(refusal.tls),
        certificate=refusal.certificate or "",
        size_bytes=refusal.size_bytes,
    )


def now_url(refusal: Refusal) -> str:
    """Explain with this attempt, under what is in effect."""
    return explain_link(attempt_of(refusal), refusal=refusal.pk)


def decided_url(refusal: Refusal) -> str:
    """Explain with this attempt, under the revision, at the time and with the answers of then."""
    decided = Decided(refusal.received_at, refusal.revision, refusal.trail)
    return explain_link(attempt_of(refusal), decided, refusal=refusal.pk)


def find_refusal(key: int) -> RecordedRefusal | None:
    """What was answered then; None where that is not kept."""
    found = Refusal.objects.filter(pk=key).first()
    if found is None or found.stage not in set(Stage):
        return None
    url = reverse("tracking:refusal", args=[key])
    asked = attempt_of(found)
    return RecordedRefusal(
        peer=asked.peer,
        sender=asked.sender,
        recipient=asked.recipient,
        at=found.received_at,
        stage=Stage(found.stage),
        reply=found.reply,
        reason=found.reason,
        url=url,
    )


def explain_urls(message: Message) -> dict[str, str]:
    """Explain with this message's first recipient, now and as it was decided; none for notifications of our own."""
    detail = receipt_detail(message.life) if message.life else {}
    asked = detail.get("recipients") or list(message.recipients.order_by("pk").values_list("address", flat=True)[:1])
    if not message.peer or not asked:
        return {}
    attempt = Question(
        peer=message.peer,
        binding=str(detail.get("binding") or ""),
        helo=message.helo,
        sender=message.sender,
        recipient=str(asked[0]),
        identity=message.identity,
        is_tls=bool(message.tls),
        certificate=str(detail.get("client_certificate") or ""),
        size_bytes=message.size_bytes,
        header=f"Subject: {message.subject}" if message.subject.isprintable() and message.subject else "",
    )
    decided = Decided(message.received_at, message.revision, detail.get("trail") or ())
    return {"explain_url": explain_link(attempt), "decided_url": explain_link(attempt, decided)}
