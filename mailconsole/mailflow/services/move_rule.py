"""What *Up* and *Down* in the list of mail flow rules do: the new order is staged in the person's draft."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import NoSuchObject
from mailconsole.mailflow.drafts import seen_by
from mailconsole.mailflow.rule_page import RULES, moved
from mailconsole.mailflow.services.stage_object import stage_object
from transport.config.diff import as_json


@transaction.atomic
def move_rule(
    *, actor: User, rule_id: str, is_up: bool, now: datetime, request: HttpRequest | None = None
) -> Change | None:
    """None where it is the first or the last already. Raises NoSuchObject, NotAllowed, WrongState."""
    rules = {rule.id: rule for rule in seen_by(actor).document.mail_flow_rules}
    if rule_id not in rules:
        raise NoSuchObject(f"There is no mail flow rule '{rule_id[:64]}' in this draft.")
    change = None
    for one, place in moved(tuple(rules.values()), rule_id, is_up=is_up).items():
        after = as_json(rules[one]) | {"priority": place}
        change = stage_object(actor=actor, kind=RULES, object_id=one, after=after, now=now, request=request)
    return change
