"""One mail transaction of a session: MAIL, RCPT, DATA and RSET (RFC 5321 3.3). The end of data is ``finish``'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from transport.listener import listed, replies
from transport.listener.chunks import ChunkedBody
from transport.listener.data import DataReader
from transport.listener.parameters import MailParameters, RcptParameters, Refused, parse_mail, parse_rcpt
from transport.model.compact_json import Constant
from transport.model.envelope import BodyType
from transport.model.verdict import Answer, Stage, Step, Verdict
from transport.rules import admission, compiled_policy, limits, own_sending, pressure, relay

if TYPE_CHECKING:
    from transport.listener.regular import Sender
    from transport.listener.session import Session

SENDER_OK = replies.SENDER_OK.to_bytes()
RECIPIENT_OK = replies.RECIPIENT_OK.to_bytes()
START_DATA = replies.START_DATA.to_bytes()


class Decision:
    """Why recipients were accepted: the steps, their rows as an event has them, the relay policies that granted it."""

    __slots__ = ("policy_ids", "rows", "steps")

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(dict.fromkeys(steps))
        self.rows = Constant(step.row for step in self.steps)
        granted = (s.object_id for s in self.steps if s.kind == compiled_policy.KIND and s.answer is Answer.YES)
        self.policy_ids = tuple(dict.fromkeys(granted))


class Transaction:
    """``trails`` holds the steps of accepted commands, those of a command like the one before only once; ``body`` the
    chunks of BDAT, None before the first; ``sender`` what is remembered of the sender, where something is."""

    __slots__ = ("body", "mail", "recipients", "sender", "trails")

    def __init__(self, mail: MailParameters, sender: Sender | None = None) -> None:
        self.mail = mail
        self.sender = sender
        self.recipients: list[RcptParameters] = []
        self.trails: list[Decision | tuple[Step, ...]] = []
        self.body: ChunkedBody | None = None

    @property
    def decision(self) -> Decision:
        """Why its recipients were accepted, each step once."""
        trails = self.trails
        if len(trails) == 1 and type(trails[0]) is Decision:
            return trails[0]
        return Decision(s for trail in trails for s in (trail.steps if isinstance(trail, Decision) else trail))


def mail(session: Session, argument: str) -> None:
    if not session.facts.helo:
        session.protocol_error(replies.HELO_FIRST)
        return
    if session.transaction is not None:
        session.protocol_error(replies.ALREADY_MAIL)
        return
    context = session.context
    if context.is_draining:
        session.reply(replies.STOPPING)
        session.close()
        return
    because = why_not_now(session)
    if because:
        session.refuse(admission.refuse(Stage.MAIL, replies.NOT_NOW, f"Not accepting: {because}"))
        return
    try:
        given = parse_mail(argument, session.extensions)
    except Refused as refused:
        session.protocol_error(refused.reply)
        return
    verdict = _admit(session, given)
    if not verdict.is_accepted:
        session.refuse(verdict, sender=str(given.sender), size_bytes=given.size_bytes)
        return
    session.transaction = Transaction(given)
    session.send(SENDER_OK)


def why_not_now(session: Session) -> str:
    """The private reason for which the session's mail is deferred now, or empty."""
    intake = session.context.intake
    if intake.why_not_from_outside and pressure.is_from_outside(session.ruleset, session.facts):
        return intake.why_not_from_outside
    return intake.why_not_accepting


def _admit(session: Session, given: MailParameters) -> Verdict:
    now, connector = session.context.clock(), session.connector
    verdict = admission.mail(
        session.ruleset, session.facts, given.sender, declared_size_bytes=given.size_bytes, now=now
    )
    limit = connector.message_rate_limit_per_min
    if limit is None or not verdict.is_accepted:
        return verdict
    for source in limits.rate_sources(connector, session.facts):
        count = session.context.rates.add(connector.id, source, limit=limit, now=now)
        refused = limits.message_rate(connector, in_last_minute=count, source=source)
        if refused is not None:
            return refused
    return verdict


def rcpt(session: Session, argument: str) -> None:
    transaction = session.transaction
    if transaction is None:
        session.protocol_error(replies.MAIL_FIRST)
        return
    if transaction.body is not None:
        session.protocol_error(replies.CHUNKS_BEGUN)
        return
    if session.asked is not None and listed.is_awaited(session):
        session.run(listed.then(session, lambda: rcpt(session, argument)))
        return
    try:
        given = parse_rcpt(argument, session.extensions, transaction.mail.is_smtputf8)
    except Refused as refused:
        session.protocol_error(refused.reply)
        return
    ruleset = session.ruleset
    verdict = _too_many(session, transaction) or admission.rcpt(
        ruleset,
        session.facts,
        transaction.mail.sender,
        given.recipient,
        size_bytes=transaction.mail.size_bytes,
        lookup=session.context.lookup,
        now=session.context.clock(),
        usage=_usage(session) if ruleset.policies_with_rate else None,
    )
    if session.allowed and verdict.is_accepted:
        verdict = replace(verdict, trail=(*session.allowed, *verdict.trail))
    if session.asked is not None and verdict.is_accepted:
        refused_by_list, steps = listed.verdict(session, given.recipient)
        verdict = refused_by_list or replace(verdict, trail=(*steps, *verdict.trail))
    if not verdict.is_accepted:
        mail = transaction.mail
        session.refuse(verdict, sender=str(mail.sender), recipient=str(given.recipient), size_bytes=mail.size_bytes)
        return
    transaction.recipients.append(given)
    if not transaction.trails or transaction.trails[-1] != verdict.trail:
        transaction.trails.append(verdict.trail)
    session.send(RECIPIENT_OK)


def _too_many(session: Session, transaction: Transaction) -> Verdict | None:
    """A deferral where this recipient is one too many."""
    ruleset, count = session.ruleset, len(transaction.recipients) + 1
    limit = ruleset.organization.max_recipient_envelope_limit
    own = own_sending.limited(ruleset, session.facts, transaction.mail.sender)
    if own is not None:
        return own_sending.too_many(session.connector, limit, own, count=count)
    return limits.recipients(session.connector, limit, count=count)


def _usage(session: Session) -> relay.Usage:
    now, usage = session.context.clock(), session.context.usage
    return lambda policy_id, client: usage.count(policy_id, client, now)


def count_usage(session: Session, transaction: Transaction) -> None:
    """Count an accepted message once for each relay policy that let it go on."""
    client, now = relay.client_of(session.facts), session.context.clock()
    rated = session.ruleset.policies_with_rate
    for policy_id in transaction.decision.policy_ids:
        if policy_id in rated:
            session.context.usage.add(policy_id, client, now)


def data(session: Session, argument: str) -> None:
    if argument:
        session.protocol_error(replies.NO_PARAMETER)
    elif session.transaction is None:
        session.protocol_error(replies.MAIL_FIRST)
    elif session.transaction.body is not None:  # RFC 3030 2
        session.protocol_error(replies.CHUNKS_BEGUN)
    elif session.transaction.mail.body_type is BodyType.BINARY_MIME:
        session.protocol_error(replies.BINARY_NEEDS_CHUNKS)
    elif not session.transaction.recipients:
        session.reply(replies.RCPT_FIRST)
    else:
        session.reader = DataReader(
            session.connector.max_message_size, session.context.memory.reading, began_at=session.loop.time()
        )
        session.send(START_DATA)


def rset(session: Session, argument: str) -> None:
    session.forget_transaction()
    session.empty_command(replies.OK)
