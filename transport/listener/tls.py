"""STARTTLS, and what is known of a TLS session."""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING, Any

import structlog

from transport.listener import replies
from transport.listener.parameters import extensions_of
from transport.model.session import TlsFacts
from transport.rules import admission

if TYPE_CHECKING:
    from transport.listener.session import Session

log = structlog.get_logger(__name__)


def tls_facts(ssl_object: Any) -> TlsFacts | None:
    """The facts of a finished handshake, or None in clear. A client certificate counts only when it verified."""
    if ssl_object is None:
        return None
    cipher = ssl_object.cipher()
    shown = ssl_object.getpeercert(binary_form=True)
    verified = ssl_object.getpeercert() if shown else None
    return TlsFacts(
        version=ssl_object.version() or "",
        cipher=cipher[0] if cipher else "",
        client_fingerprint=hashlib.sha256(shown).hexdigest() if verified else "",
        client_subject=_subject(verified) if verified else "",
    )


def _subject(certificate: dict[str, Any]) -> str:
    """Commas in values are escaped: nobody's organisation may look like another's common name."""
    pairs = [pair for group in certificate.get("subject", ()) for pair in group]
    return ", ".join(f"{name}={str(value).replace(',', chr(92) + ',')}" for name, value in pairs)


async def start_tls(session: Session) -> None:
    """Answer STARTTLS and shake hands; the session then forgets what was said before (RFC 3207 4.2)."""
    session.reply(replies.READY_FOR_TLS)
    await shake_hands(session)


async def shake_hands(session: Session, *, is_first: bool = False) -> bool:
    """Begin TLS as the connector does; returns whether the session goes on."""
    context = session.certificate_context
    assert context is not None
    session.is_shaking_hands = True
    try:
        await session.start_tls(context, is_first=is_first)
    except OSError as error:  # ssl.SSLError is one
        failed(session, error)
        session.abort()
        return False
    session.is_shaking_hands = False
    session.forget_transaction()
    session.replace_facts(tls=tls_facts(session.tls_object), helo="", is_esmtp=False, identity="", addresses=())
    session.extensions = extensions_of(session.connector, is_tls=True)
    return True


def failed(session: Session, error: OSError) -> None:
    """Keep why a handshake failed, once; a peer that only went away in it is none to look into."""
    if not session.is_shaking_hands:
        return
    session.is_shaking_hands = False
    log.info("session.tls_failed", session=session.facts.session_id, reason=str(error)[:200])
    if isinstance(error, ssl.SSLError):
        session.tell(admission.handshake_failed(session.ruleset, session.facts, _why(error)))


def _why(error: ssl.SSLError) -> str:
    """What OpenSSL says, without its source lines."""
    said = getattr(error, "verify_message", "") or (error.reason or str(error)).replace("_", " ").lower()
    return str(said)[:200]
