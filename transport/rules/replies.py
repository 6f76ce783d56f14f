"""What a remote server's reply means for a delivery, by the phase in which it came. Pure. Remote text is hostile:
bounded here, stripped of control and formatting characters, and never interpreted beyond its codes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from transport.model.outcome import OutcomeKind, Phase
from transport.model.reply import Reply

MAX_TEXT_CHARACTERS = 1000
MAX_LINES = 20
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s+|$)")  # RFC 2034 4, RFC 3463 2
_SESSION_PHASES = frozenset({Phase.DNS, Phase.CONNECT, Phase.BANNER, Phase.EHLO, Phase.TLS, Phase.AUTH})
# RFC 4954 6 and RFC 3207 4: about the session (we should authenticate or use TLS), not about the message.
_SESSION_CODES = frozenset({530, 534, 535, 538})


class InvalidReply(ValueError):
    """What came is no SMTP reply (RFC 5321 4.2); ``str()`` is a sentence with the bounded, cleaned text."""


class Scope(StrEnum):
    """How far a reply reaches."""

    RECIPIENT = "recipient"
    TRANSACTION = "transaction"
    CONNECTION = "connection"

    @property
    def sentence(self) -> str:
        return _SCOPE_SENTENCES[self]


_SCOPE_SENTENCES = {
    Scope.RECIPIENT: "It is about this recipient only.",
    Scope.TRANSACTION: "It is about this message and all its recipients.",
    Scope.CONNECTION: "It is about the connection: nothing more can be sent over it now.",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What to do. ``is_too_many`` says that the recipient is welcome in a next transaction, at once."""

    kind: OutcomeKind
    scope: Scope
    is_too_many: bool = False


def parse(raw: bytes) -> Reply:
    """The reply of its lines, each ``code[-| ]text`` with any line end. Raises InvalidReply.

    Text is UTF-8 where it can be (RFC 6531 3.7.4), cleaned and bounded.
    """
    code = raw[:3]
    if not (len(code) == 3 and code.isdigit() and b"2" <= code[:1] <= b"5"):  # RFC 5321 4.2: 1yz is not used in SMTP
        raise InvalidReply(f"not an SMTP reply: {clean(raw.decode('utf-8', 'replace'))[:100]!r}")
    head = raw.rstrip(b"\r\n")
    if len(head) <= MAX_TEXT_CHARACTERS and head.isascii():
        plain = head.decode("ascii")
        if plain.isprintable():  # one plain line, which nearly all are
            status = _ENHANCED.match(plain, 4)
            if status is None or status[1] != plain[0]:
                return Reply(int(plain[:3]), "", plain[4:].strip())
            return Reply(int(plain[:3]), status[0].strip(), plain[status.end() :].strip())
    lines = head.split(b"\n")[:MAX_LINES] if b"\n" in head else [head]
    enhanced, texts = "", []
    for line in lines:
        text = clean(line[4:].decode("utf-8", "replace"))
        match = _ENHANCED.match(text)
        if match is not None and match[1] == text_class(code):
            enhanced = enhanced or match[0].strip()
            text = text[match.end() :]
        texts.append(text)
    return Reply(int(code), enhanced, "\n".join(texts).strip()[:MAX_TEXT_CHARACTERS])


def said(line: bytes) -> str:
    """``str(parse(line))`` of a reply of one line; most are that text already. Raises InvalidReply."""
    if len(line) <= MAX_TEXT_CHARACTERS and line.isascii():
        text = line.decode("ascii").rstrip("\r\n")
        # Its parts would be put together again as they stand: two words after the code, single spaces between.
        has_two_words = text.find(" ", 4) > 4 and text[-1] != " " and "  " not in text
        if has_two_words and text[:4] == "250 " and text.isprintable():
            return text
    return str(parse(line))


def text_class(code: bytes) -> str:
    """The class that an enhanced status must have to belong to a reply with ``code`` (RFC 2034 4); 3yz has none."""
    return chr(code[0])


def clean(text: str) -> str:
    """``text`` without control, formatting (bidirectional, zero-width) and unassigned characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C").strip()


def meaning(reply: Reply, phase: Phase, *, is_somebody_accepted: bool = False) -> Meaning:
    """What ``reply`` means in ``phase``; ``is_somebody_accepted``: an earlier recipient of this transaction was."""
    code = reply.code
    if code == 421 or code in _SESSION_CODES:  # RFC 5321 3.8: 421 may come at any time, then the connection ends
        return Meaning(OutcomeKind.DEFERRED, Scope.CONNECTION)
    if phase in _SESSION_PHASES:
        return _session_meaning(reply, phase)
    if phase is Phase.RCPT:
        return _recipient_meaning(reply, is_somebody_accepted)
    if code == 354 if phase is Phase.DATA else 200 <= code < 300:
        return Meaning(OutcomeKind.DELIVERED, Scope.TRANSACTION)
    if code >= 500:
        return Meaning(OutcomeKind.FAILED, Scope.TRANSACTION)
    if code >= 400:
        return Meaning(OutcomeKind.DEFERRED, Scope.TRANSACTION)
    # A positive reply that this phase cannot have: we and the peer have lost step.
    return Meaning(OutcomeKind.DEFERRED, Scope.CONNECTION)


def _session_meaning(reply: Reply, phase: Phase) -> Meaning:
    """Before any message: a refusal is about the host, so another exchanger is tried and the mail waits.

    Only a host that says it never takes mail (521, RFC 7504 3) fails it, and then only if every exchanger says so.
    """
    if 200 <= reply.code < 400:
        return Meaning(OutcomeKind.DELIVERED, Scope.CONNECTION)
    if reply.code == 521 and phase is Phase.BANNER:
        return Meaning(OutcomeKind.FAILED, Scope.CONNECTION)
    return Meaning(OutcomeKind.DEFERRED, Scope.CONNECTION)


def _recipient_meaning(reply: Reply, is_somebody_accepted: bool) -> Meaning:
    code = reply.code
    if 200 <= code < 300:
        return Meaning(OutcomeKind.DELIVERED, Scope.RECIPIENT)
    if code in (452, 552):
        # RFC 5321 4.5.3.1.10: 552 for too many recipients is an old mistake; it means 452, try the rest again.
        about_number = reply.enhanced in ("", "4.5.3", "5.5.3")
        if about_number and is_somebody_accepted:
            return Meaning(OutcomeKind.DEFERRED, Scope.RECIPIENT, is_too_many=True)
        if code == 452 or about_number:
            return Meaning(OutcomeKind.DEFERRED, Scope.RECIPIENT)
        return Meaning(OutcomeKind.FAILED, Scope.RECIPIENT)  # e.g. 552 5.2.2: the mailbox is full, and it says for good
    if code >= 500:
        return Meaning(OutcomeKind.FAILED, Scope.RECIPIENT)
    if code >= 400:
        return Meaning(OutcomeKind.DEFERRED, Scope.RECIPIENT)
    return Meaning(OutcomeKind.DEFERRED, Scope.CONNECTION)
