"""Hold rules for mail to come: added with a reason, lifted by anybody who operates; nodes follow at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.dispatch import NodeCommand, ask_nodes
from mailconsole.queues.models import HoldRule, HoldRuleState
from mailconsole.queues.services.queues import MAX_REASON
from transport.model import orders
from transport.model.queue_filter import BadFilter, QueueFilter

LONGEST = timedelta(days=90)


class HoldRefused(Refusal):
    """The rule can't be added as asked, or is no more."""


@dataclass(frozen=True, slots=True)
class HoldDone:
    """The rule, the nodes that obey, and why others do not yet."""

    rule: HoldRule
    nodes: tuple[str, ...]
    problems: tuple[str, ...]


def add_hold_rule(
    *,
    wanted: QueueFilter,
    reason: str,
    actor: User,
    expires_at: datetime | None = None,
    now: datetime | None = None,
    request: HttpRequest | None = None,
) -> HoldDone:
    """Hold mail to come that `wanted` means. Raises RoleRequired, HoldRefused."""
    check_role(actor, Role.OPERATOR)
    now, reason = now or timezone.now(), reason.strip()[:MAX_REASON]
    _check(wanted, reason, expires_at, now)
    with transaction.atomic():
        rule = HoldRule.objects.create(
            filter=wanted.row(),
            reason=reason,
            author=actor.get_username(),
            created_at=now,
            expires_at=expires_at,
        )
        until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "until it is lifted"
        _tell_audit("hold.add", rule, f"Hold mail {wanted.sentence}, {until}", actor, request, reason=reason)
    return _obeyed(rule)


def lift_hold_rule(
    *, rule_id: int, actor: User, reason: str = "", now: datetime | None = None, request: HttpRequest | None = None
) -> HoldDone:
    """Hold no more mail by this rule, and let go on what it holds. Raises RoleRequired, HoldRefused."""
    check_role(actor, Role.OPERATOR)
    now = now or timezone.now()
    with transaction.atomic():
        rule = HoldRule.objects.filter(pk=rule_id).first()
        if rule is None:
            raise HoldRefused(f"There is no hold rule {rule_id}.")
        if rule.state(now) is not HoldRuleState.IN_FORCE:
            raise HoldRefused(f"Hold rule {rule_id} is not in force: {rule.state(now).sentence}")
        # Of two people who lift it at once, the second is told.
        if not HoldRule.objects.filter(pk=rule_id, lifted_at=None).update(
            lifted_at=now, lifted_by=actor.get_username()
        ):
            raise HoldRefused(f"Hold rule {rule_id} was lifted a moment ago.")
        rule.refresh_from_db()
        _tell_audit("hold.lift", rule, f"Lift hold rule {rule}", actor, request, reason=reason)
    return _obeyed(rule)


def _check(wanted: QueueFilter, reason: str, expires_at: datetime | None, now: datetime) -> None:
    if not reason:
        raise HoldRefused("Say why the mail is held: whoever wonders will read it.")
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        raise HoldRefused(f"A hold rule ends in the future, within {LONGEST.days} days.")
    try:
        orders.HoldRule("new", wanted, "", reason, now.timestamp())
    except BadFilter as error:
        raise HoldRefused(str(error)) from None


def _obeyed(rule: HoldRule) -> HoldDone:
    answers = ask_nodes(NodeCommand.OBEY, {})
    return HoldDone(rule, tuple(answers.of), answers.problems)


def _tell_audit(
    action: str, rule: HoldRule, summary: str, actor: User, request: HttpRequest | None, *, reason: str
) -> None:
    record(
        actor=actor,
        action=action,
        object_kind="hold_rule",
        object_id=str(rule.pk),
        summary=summary,
        after={"filter": rule.filter, "expires_at": rule.expires_at},
        reason=reason,
        request=request,
    )
