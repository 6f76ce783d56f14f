"""STARTTLS, and what is known of a TLS session."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import structlog

from transport.listener import replies
from transport.listener.parameters import extensions_of
from transport.model.session import TlsFacts

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
    context = session.context.tls_context
    assert context is not None
    session.reply(replies.READY_FOR_TLS)
    try:
        await session.start_tls(context)
    except OSError as error:  # ssl.SSLError is one
        log.info("session.tls_failed", session=session.facts.session_id, reason=str(error)[:200])
        session.abort()
        return
    session.forget_transaction()
    session.replace_facts(tls=tls_facts(session.tls_object), helo="", is_esmtp=False, identity="", addresses=())
    session.extensions = extensions_of(session.connector, is_tls=True)
