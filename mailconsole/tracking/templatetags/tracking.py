"""`{% load tracking %}`: states of messages and recipients as words with a dot, next hops in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from mailconsole.common.templatetags.kit import status
from mailconsole.tracking.chart import chart_context
from mailconsole.tracking.explained import decided_url
from mailconsole.tracking.models import Message, MessageRecipient, Refusal
from mailconsole.tracking.states import MessageStatus, RecipientState, Severity
from mailconsole.tracking.timeline import next_hop_words

register = template.Library()
register.filter("next_hop", next_hop_words)
register.filter("decided_url", decided_url)

_MESSAGE_TONES = {
    MessageStatus.PENDING: "info",
    MessageStatus.DEFERRED: "warn",
    MessageStatus.SUSPENDED: "info",
    MessageStatus.DELIVERED: "good",
    MessageStatus.PARTLY_FAILED: "bad",
    MessageStatus.FAILED: "bad",
    MessageStatus.HANDED_OVER: "info",
    MessageStatus.LOST: "bad",
}
_SEVERITY_TONES = {Severity.LOW: "info", Severity.MEDIUM: "warn", Severity.HIGH: "bad"}
_RECIPIENT_TONES = {
    RecipientState.PENDING: "info",
    RecipientState.DEFERRED: "warn",
    RecipientState.SUSPENDED: "info",
    RecipientState.DELIVERED: "good",
    RecipientState.FAILED: "bad",
    RecipientState.EXPANDED: "idle",
    RecipientState.LOST: "bad",
}


@register.simple_tag
def message_status(message: Message) -> SafeString:
    value = message.status_value
    return status(_MESSAGE_TONES[value], value.label, value.sentence)


@register.simple_tag
def audit_severity(value: Severity) -> SafeString:
    return status(_SEVERITY_TONES[value], f"Audit severity {value.label}", value.sentence)


@register.simple_tag
def message_tone(value: str) -> str:
    return _MESSAGE_TONES[MessageStatus(value)]


@register.simple_tag
def recipient_status(recipient: MessageRecipient) -> SafeString:
    value = recipient.state_value
    return status(_RECIPIENT_TONES[value], value.label, value.sentence)


@register.inclusion_tag("tracking/_throughput.html", takes_context=True)
def throughput_chart(context: Context) -> dict[str, Any]:
    """The chart in the range that the page's address asks for."""
    request = context["request"]
    return {"request": request, **chart_context(request.GET.get("range", ""), timezone.now())}


@register.simple_tag
def has_seen_mail() -> bool:
    """Whether any message was accepted or refused yet."""
    return Message.objects.exists() or Refusal.objects.exists()


@register.filter
def at_key(found: Mapping[Any, Any], key: Any) -> Any:
    """`{{ words|at_key:id }}`: the value under a key that a template can't write; empty where there is none."""
    return found.get(key, "")
