"""What mail flow rules do with a message, together: values that the engine carries out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from transport.config.diff import as_json
from transport.config.objects import RuleAction
from transport.config.rule_kinds import AS_CC, AS_TO, INSTEAD, ActionKind
from transport.config.rule_words import SHORT, action_words
from transport.model.address import Address, parse_mailbox
from transport.model.priority import Priority
from transport.model.reply import Reply
from transport.model.ruled import Notice, Told
from transport.rules.rule_facts import RuleFacts
from transport.rules.rule_header import LOOP

MAX_LOOPS = 3
"""How often rules of ours may redirect or copy one message that comes back, before it is refused."""
LOOPING = Reply(550, "5.4.6", "Mail flow rules send this message in a circle")  # RFC 3463 X.4.6


@dataclass(slots=True)
class Effects:
    """``refusal``: the message is not accepted. ``is_deleted``: it is, and goes nowhere. ``recipients``: who gets it
    instead, None for whom it came for; ``added`` get it too, those in ``hidden`` unseen. ``manager`` is the sender's,
    for the rule that is carried out, if it sends anything there. The header's changes stand in the facts."""

    refusal: Reply | None = None
    is_deleted: bool = False
    recipients: list[Address] | None = None
    added: list[Address] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    priority: Priority | None = None
    is_tls_required: bool = False
    connector_id: str = ""
    held_by: str = ""
    deleted_by: str = ""
    notices: list[Notice] = field(default_factory=list)
    manager: Address | None = None

    @property
    def is_final(self) -> bool:
        return self.refusal is not None or self.is_deleted

    @property
    def takes_to(self) -> list[Address]:
        """All to whom rules send it."""
        return [*(self.recipients or ()), *self.added]


class CompiledAction:
    """An action made ready. ``apply`` may change the facts' header."""

    def __init__(self, action: RuleAction, rule_name: str) -> None:
        self.kind = action.kind
        self.words = action_words(as_json(action), most=SHORT)
        self.needs_header = action.kind in _NEEDS_HEADER
        self._action = action
        self._rule_name = rule_name
        self._addresses = [parse_mailbox(value) for value in action.values] if "values" in action.kind.spec.takes and (
            action.kind in _SENDS
        ) else []  # fmt: skip

    def apply(self, facts: RuleFacts, effects: Effects) -> None:
        """Raises NotKnown where it needs the header and that was not recorded."""
        _APPLY[self.kind](self, facts, effects)

    def told(self, effects: Effects) -> str:
        """The words, with what is known of this message alone."""
        if self.kind is not ActionKind.ADD_MANAGER:
            return self.words
        return f"{self.words} ({effects.manager or 'nobody is known as the manager: nothing is done'})"

    def _reject(self, facts: RuleFacts, effects: Effects) -> None:
        code = 451 if self._action.status.startswith("4") else 550
        effects.refusal = Reply(code, self._action.status, self._action.text)

    def _delete(self, facts: RuleFacts, effects: Effects) -> None:
        effects.is_deleted, effects.deleted_by = True, self._rule_name

    def _redirect(self, facts: RuleFacts, effects: Effects) -> None:
        effects.recipients = list(self._addresses)

    def _add(self, facts: RuleFacts, effects: Effects) -> None:
        _add_all(self._addresses, _NAMED_IN.get(self.kind), facts, effects)

    def _add_manager(self, facts: RuleFacts, effects: Effects) -> None:
        if effects.manager is None:
            return
        how = self._action.values[0]
        if how == INSTEAD:
            effects.recipients = [effects.manager]
        else:
            _add_all([effects.manager], how if how in (AS_TO, AS_CC) else None, facts, effects)

    def _set_header(self, facts: RuleFacts, effects: Effects) -> None:
        facts.fields.set(self._action.header, self._action.text)

    def _remove_header(self, facts: RuleFacts, effects: Effects) -> None:
        facts.fields.remove(self._action.header)

    def _prepend_subject(self, facts: RuleFacts, effects: Effects) -> None:
        facts.fields.prepend_subject(self._action.text)

    def _set_importance(self, facts: RuleFacts, effects: Effects) -> None:
        effects.priority = Priority(self._action.values[0])
        for name in ("X-Priority", "Priority", "X-MSMail-Priority"):  # they would contradict it
            facts.fields.remove(name)
        facts.fields.set("Importance", effects.priority.value)  # RFC 4021 2.1.54

    def _require_tls(self, facts: RuleFacts, effects: Effects) -> None:
        effects.is_tls_required = True

    def _route(self, facts: RuleFacts, effects: Effects) -> None:
        effects.connector_id = self._action.values[0]

    def notify(self, facts: RuleFacts, effects: Effects) -> None:
        effects.notices.append(Notice(self._rule_name, self._action.text))

    def report(self, facts: RuleFacts, effects: Effects) -> None:
        to = tuple(map(parse_mailbox, self._action.values))
        effects.notices.append(Notice(self._rule_name, "", to, Told.OTHERS))

    def notify_recipients(self, facts: RuleFacts, effects: Effects) -> None:
        effects.notices.append(Notice(self._rule_name, self._action.text, whom=Told.RECIPIENTS))

    def _hold(self, facts: RuleFacts, effects: Effects) -> None:
        effects.held_by = effects.held_by or self._rule_name

    def _log(self, facts: RuleFacts, effects: Effects) -> None:
        """The words of the action stand in the trail."""


def _add_all(addresses: list[Address], name: str | None, facts: RuleFacts, effects: Effects) -> None:
    """``name``: the field that names them, None where nobody sees them. Raises NotKnown."""
    known = {one.key for one in effects.added}
    effects.added += [one for one in addresses if one.key not in known]
    if name is None:
        effects.hidden |= {one.key for one in addresses}
    else:
        facts.fields.add_address(name, *addresses)


_SENDS = frozenset((ActionKind.REDIRECT, ActionKind.BLIND_COPY, ActionKind.ADD_TO, ActionKind.COPY_TO))
_NAMED_IN = {ActionKind.ADD_TO: "To", ActionKind.COPY_TO: "Cc"}
_NEEDS_HEADER = frozenset(
    (*_SENDS, ActionKind.ADD_MANAGER, ActionKind.SET_HEADER, ActionKind.REMOVE_HEADER, ActionKind.PREPEND_SUBJECT,
     ActionKind.SET_IMPORTANCE)
)  # fmt: skip
_APPLY: dict[ActionKind, Callable[[CompiledAction, RuleFacts, Effects], None]] = {
    ActionKind.REJECT: CompiledAction._reject,
    ActionKind.DELETE: CompiledAction._delete,
    ActionKind.REDIRECT: CompiledAction._redirect,
    ActionKind.BLIND_COPY: CompiledAction._add,
    ActionKind.ADD_TO: CompiledAction._add,
    ActionKind.COPY_TO: CompiledAction._add,
    ActionKind.ADD_MANAGER: CompiledAction._add_manager,
    ActionKind.SET_HEADER: CompiledAction._set_header,
    ActionKind.REMOVE_HEADER: CompiledAction._remove_header,
    ActionKind.PREPEND_SUBJECT: CompiledAction._prepend_subject,
    ActionKind.SET_IMPORTANCE: CompiledAction._set_importance,
    ActionKind.REQUIRE_TLS: CompiledAction._require_tls,
    ActionKind.ROUTE: CompiledAction._route,
    ActionKind.NOTIFY_SENDER: CompiledAction.notify,
    ActionKind.REPORT: CompiledAction.report,
    ActionKind.NOTIFY_RECIPIENTS: CompiledAction.notify_recipients,
    ActionKind.HOLD: CompiledAction._hold,
    ActionKind.LOG: CompiledAction._log,
}


def mark(facts: RuleFacts, effects: Effects) -> None:
    """A message that rules send elsewhere carries how often they did. One that comes back too often is refused: a
    stranger who writes the mark into a message of his own has it refused, and gets past no rule.

    Raises NotKnown where the header was not recorded."""
    seen = sum(_count(value.decode("ascii", "replace")) for value in facts.fields.raw(LOOP))
    if seen >= MAX_LOOPS:
        effects.refusal = LOOPING
    else:
        facts.fields.set(LOOP, str(seen + 1))


def _count(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 3 else MAX_LOOPS
