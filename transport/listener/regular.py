"""What is remembered of the clients that send again and again: how admission answers them (``rules.standing``).

Asked for the first time, ``rules.admission`` decides as ever; only its acceptances are remembered, with the ruleset
that they were given under, and not more of them than ``MAX_COMMANDS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transport.listener.parameters import MailParameters, RcptParameters, Refused, parse_mail, parse_rcpt
from transport.listener.transaction import Decision
from transport.rules import admission
from transport.rules.ruleset import Ruleset
from transport.rules.standing import Standing, is_outside, standing

if TYPE_CHECKING:
    from transport.listener.session import Session

MAX_CLIENTS = 2_000
MAX_COMMANDS = 20_000
"""For all clients of a ruleset together."""

MAX_LINE = 300


class Sender:
    """A sender that a client may send as, and whom it may send to then: by the commands, and by what decides."""

    __slots__ = ("decisions", "mail", "recipients")

    def __init__(
        self,
        mail: MailParameters,
        recipients: dict[bytes, tuple[RcptParameters, Decision]],
        decisions: dict[str, Decision],
    ) -> None:
        self.mail = mail
        self.recipients = recipients
        self.decisions = decisions


class Regular:
    """A client under one ruleset. ``senders`` by the line of MAIL; those of one key share their recipients. ``hellos``
    are the octets that answer EHLO and HELO, by what they offer. Of messages beyond ``max_bytes`` it depends."""

    __slots__ = (
        "_by_key", "hellos", "is_whole_asked", "max_bytes", "max_hops", "max_recipients", "senders", "standing", "until"
    )  # fmt: skip

    def __init__(self, session: Session, told: Standing) -> None:
        connector = session.connector
        self.standing = told
        self.hellos: dict[str, bytes] = {}
        self.until = told.until
        ruleset = session.ruleset
        self.is_whole_asked = told.is_by_size or ruleset.has_mail_flow_rules or ruleset.is_header_asked
        self.max_bytes = min(connector.max_message_size, ruleset.organization_size)
        self.max_recipients = min(
            connector.max_recipients_per_message, session.ruleset.organization.max_recipient_envelope_limit
        )
        local = connector.max_local_hop_count
        self.max_hops = min(connector.max_hop_count, local) if local > 0 else connector.max_hop_count
        self.senders: dict[bytes, Sender] = {}
        self._by_key: dict[str, tuple[dict[bytes, tuple[RcptParameters, Decision]], dict[str, Decision]]] = {}

    def sender(self, session: Session, line: bytes) -> Sender | None:
        """Of a line of MAIL that is new; None where it is not as plain as all that."""
        argument = _argument(line, b"MAIL FROM:<")
        if not argument:
            return None
        try:
            mail = parse_mail(argument, session.extensions)
        except Refused:
            return None
        now = session.context.clock()
        verdict = admission.mail(
            session.ruleset, session.facts, mail.sender, declared_size_bytes=mail.size_bytes, now=now
        )
        if not verdict.is_accepted or (mail.size_bytes and self.standing.is_by_size):
            return None
        if mail.size_bytes > self.max_bytes:
            return None
        of_key = self._by_key.setdefault(self.standing.sender_key(mail.sender), ({}, {}))
        found = Sender(mail, *of_key)
        if not mail.size_bytes:  # each message has a size of its own
            _make_room(session.ruleset)
            self.senders[line] = found
        return found

    def recipient(self, session: Session, sender: Sender, line: bytes) -> tuple[RcptParameters, Decision] | None:
        """Of a line of RCPT that is new; None where it is not as plain as all that."""
        argument = _argument(line, b"RCPT TO:<")
        if not argument:
            return None
        try:
            given = parse_rcpt(argument, session.extensions, sender.mail.is_smtputf8)
        except Refused:
            return None
        key = self.standing.recipient_key(given.recipient)
        decision = sender.decisions.get(key)
        if decision is None:
            decision = _decision(session, sender.mail, given)
            if decision is None:
                return None
            _make_room(session.ruleset)
            sender.decisions[key] = decision
        _make_room(session.ruleset)
        found = sender.recipients[line] = given, decision
        return found

    def forget(self) -> None:
        """Begin anew: who still has it will ask for another."""
        self.until = 0.0
        self.senders.clear()
        self._by_key.clear()


def _argument(line: bytes, prefix: bytes) -> str:
    """What follows the verb, of a line that ends with CRLF; empty where the line is an odd one."""
    if len(line) > MAX_LINE or not line.isascii() or line[: len(prefix)].upper() != prefix:
        return ""
    text = line[5:-2].decode("ascii")
    return text.strip() if text.isprintable() else ""


def _decision(session: Session, mail: MailParameters, given: RcptParameters) -> Decision | None:
    if not is_outside(session.ruleset, given.recipient):
        return None
    verdict = admission.rcpt(
        session.ruleset,
        session.facts,
        mail.sender,
        given.recipient,
        size_bytes=mail.size_bytes,
        lookup=session.context.lookup,
        now=session.context.clock(),
    )
    return Decision((*session.allowed, *verdict.trail)) if verdict.is_accepted else None


def _make_room(ruleset: Ruleset) -> None:
    ruleset.commands_remembered += 1
    if ruleset.commands_remembered > MAX_COMMANDS:
        ruleset.commands_remembered = 0
        forget_all(ruleset)


def forget_all(ruleset: Ruleset) -> None:
    for known in ruleset.clients.values():
        known.forget()
    ruleset.clients.clear()


def regular(session: Session) -> Regular | None:
    """The client of a session that said EHLO or HELO; None where each message has to be asked for by itself."""
    if session.is_logged:
        return None  # each command and reply goes to the protocol log
    if session.asked is not None and not session.facts.identity:
        return None  # what lists say of the client has to be waited for
    facts, ruleset, now = session.facts, session.ruleset, session.context.clock()
    key = facts.connector_id, facts.peer, facts.proxy, facts.identity, facts.tls, session.allowed
    found: Regular | None = ruleset.clients.get(key)
    if found is not None and now < found.until:
        return found
    told = standing(ruleset, session.connector, facts, now=now)
    if told is None:
        return None
    if len(ruleset.clients) >= MAX_CLIENTS:
        forget_all(ruleset)
    found = ruleset.clients[key] = Regular(session, told)
    return found
