"""The forms in which one message leaves: addresses rewritten for the outside, a group's owner as return path.

Recipients of the same form stay in one message; another form is a message of its own (Exchange's bifurcation). The
message as it came takes one form in place, unless it is in the spool already: what is there does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from transport.config.objects import DomainType
from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import SUBMISSION
from transport.rules import header_addresses, headers
from transport.rules.dsn import Told
from transport.rules.ruleset import Ruleset

REWRITTEN_BY = "rewritten_by"
"""In the detail of an event: the ids of the address rewrite entries that changed the message."""
REWRITTEN = "Addresses were rewritten as the outside sees them."
OWNED = "Reports about these copies go to the group's owner."


class BodyNeeded(Exception):
    """The message leaves in another form than it is stored in, and its body is not in memory."""


@dataclass(frozen=True, slots=True)
class Form:
    """``is_rewritten``: with the header that the outside sees; ``is_owned``: the sender was a group's owner."""

    sender: Address
    is_rewritten: bool
    is_owned: bool

    @property
    def because(self) -> str:
        is_rewritten = self.is_rewritten or not self.is_owned
        return " ".join(said for said, is_so in ((OWNED, self.is_owned), (REWRITTEN, is_rewritten)) if is_so)


@dataclass(frozen=True, slots=True)
class TakenByList:
    """What the sender is told of groups that took the message: for a group with an owner, that is its delivery."""

    message: Message
    told: tuple[Told, ...]


@dataclass(slots=True)
class Forms:
    """``copies`` are new messages with their recipients; ``stays`` what the message itself keeps."""

    stays: list[Recipient]
    copies: list[Message] = field(default_factory=list)
    events: list[TrackingEvent] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)
    """Why a copy was made, by its id."""
    taken: TakenByList | None = None


def arrange(
    ruleset: Ruleset,
    message: Message,
    recipients: Sequence[Recipient],
    owners: dict[int, Address],
    *,
    decided: set[int],
    is_fixed: bool,
    new_id: Callable[[], int],
    now: float,
) -> Forms:
    """Part ``recipients`` by the form they get. ``owners`` and ``decided`` are by ``id()`` of a recipient; whose form
    was decided before stays with the message. Raises BodyNeeded."""
    if ruleset.rewriting is None and not owners:
        return Forms(list(recipients))
    outside = _Outside(ruleset, message)
    as_it_came = Form(message.envelope_sender, is_rewritten=False, is_owned=False)
    parts: dict[Form, list[Recipient]] = {}
    for recipient in recipients:
        is_new = id(recipient) not in decided and recipient.next_hop is not SUBMISSION
        form = outside.form_of(recipient, owners.get(id(recipient))) if is_new else as_it_came
        parts.setdefault(form, []).append(recipient)
    if set(parts) <= {as_it_came}:
        return Forms(list(recipients))
    if message.body is None:
        raise BodyNeeded
    return _made(message, parts, as_it_came, outside, is_fixed=is_fixed, new_id=new_id, now=now)


def _made(
    message: Message,
    parts: dict[Form, list[Recipient]],
    as_it_came: Form,
    outside: _Outside,
    *,
    is_fixed: bool,
    new_id: Callable[[], int],
    now: float,
) -> Forms:
    forms = Forms(parts.pop(as_it_came, []))
    forms.taken = _taken(message, parts)
    if not forms.stays and not is_fixed:
        form, forms.stays = parts.popitem()
        copies = [_copy(message, other, group, outside, new_id()) for other, group in parts.items()]
        _become(message, form, forms.stays, outside)
        forms.events.append(TrackingEvent(EventId.AGENT_INFO, now, message_id=message.id, reason=form.because))
    else:
        copies = [_copy(message, other, group, outside, new_id()) for other, group in parts.items()]
    forms.copies = copies
    for copy, other in zip(copies, parts, strict=True):
        forms.reasons[copy.id] = other.because
        forms.events.append(_transferred(message, copy, other, now))
    if outside.rewritten_by and forms.events:  # a hit is a message, in however many forms it leaves
        first = forms.events[0]
        forms.events[0] = replace(first, detail={**first.detail, REWRITTEN_BY: list(outside.rewritten_by)})
    return forms


def _taken(message: Message, parts: dict[Form, list[Recipient]]) -> TakenByList | None:
    """RFC 3461 5.2.7.3: whoever asked for it hears that the list took the message, and nothing about its members."""
    told = {
        one.original.key: Told(one.original, one.original, orcpt=one.orcpt, notify=one.notify, status="2.1.5")
        for form, recipients in parts.items()
        if form.is_owned
        for one in recipients
        if "SUCCESS" in one.notify
    }
    return TakenByList(replace(message, body=None), tuple(told.values())) if told else None


def _copy(message: Message, form: Form, recipients: list[Recipient], outside: _Outside, new_id: int) -> Message:
    copy = replace(message, id=new_id, recipients=recipients)
    _become(copy, form, recipients, outside)
    for index, recipient in enumerate(recipients):
        recipient.index = index
    return copy


def _become(message: Message, form: Form, recipients: list[Recipient], outside: _Outside) -> None:
    message.envelope_sender = form.sender
    if form.is_rewritten:
        message.body, message.is_dotless = outside.body, False  # nobody looked
        message.size_bytes = len(outside.body)
    message.is_smtputf8 = message.is_smtputf8 or not form.sender.is_ascii or (form.is_rewritten and outside.is_utf8)
    if form.is_owned:  # RFC 3461 5.2.7.3: what the first sender asked for ends at the list
        message.ret = message.envid = ""
        for recipient in recipients:
            recipient.notify, recipient.orcpt = frozenset(), ""


def _transferred(message: Message, copy: Message, form: Form, now: float) -> TrackingEvent:
    addresses = [str(recipient.address) for recipient in copy.recipients]
    return TrackingEvent(
        EventId.TRANSFER,
        now,
        message_id=message.id,
        reason=form.because,
        detail={"to": addresses, "copy_message_id": copy.id},
    )


class _Outside:
    """What of a message the outside sees; the header is rewritten once, and only if somebody outside gets it."""

    def __init__(self, ruleset: Ruleset, message: Message) -> None:
        self._ruleset = ruleset
        self._message = message
        self._body: bytes | None = None
        self.is_utf8 = False
        self.rewritten_by: dict[str, None] = {}
        """The ids of the entries that changed an address, in the order in which they did."""

    def form_of(self, recipient: Recipient, owner: Address | None) -> Form:
        came = self._message.envelope_sender
        is_owned = owner is not None and not came.is_null  # RFC 5321 3.9: the null reverse-path stays
        sender = owner if owner is not None and is_owned else came
        rewriting = self._ruleset.rewriting
        if rewriting is None or not _is_outside(self._ruleset, recipient.address.domain):
            return Form(sender, is_rewritten=False, is_owned=is_owned)
        seen_as = self._outward(sender) or sender
        return Form(seen_as, is_rewritten=self.body is not self._message.body, is_owned=is_owned)

    def _outward(self, address: Address) -> Address | None:
        rewriting = self._ruleset.rewriting
        found = rewriting.outward(address) if rewriting is not None else None
        if found is None:
            return None
        self.rewritten_by[found[1].id] = None
        return found[0]

    @property
    def body(self) -> bytes:
        """As the outside sees it: the message's own object where no address in its header is rewritten."""
        if self._body is None:
            self._body = self._rewritten()
        return self._body

    def _rewritten(self) -> bytes:
        body = self._message.body
        if body is None:
            raise BodyNeeded
        header = headers.header_of(body)
        changed = header_addresses.rewrite(header, self._outward)
        if changed is header:
            return body
        self.is_utf8 = not changed.isascii() and header.isascii()
        return changed + body[len(header) :]


def _is_outside(ruleset: Ruleset, domain: str) -> bool:
    accepted = ruleset.accepted_domain(domain)
    return accepted is None or accepted.domain_type is DomainType.EXTERNAL_RELAY
