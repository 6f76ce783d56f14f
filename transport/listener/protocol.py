"""The protocol log of a receive connector: what a session hears and says goes to the log too. A session that is not
logged knows nothing of it and pays nothing: the methods of one that is are replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transport.config.objects import ProtocolLoggingLevel
from transport.model.verdict import Verdict
from transport.protocol_log.log import ProtocolSession
from transport.protocol_log.rows import Mark, command

if TYPE_CHECKING:
    from transport.listener.session import Session


def attach(session: Session, transport: Any) -> None:
    """Log the session, if its connector says so and it is not logged already."""
    log = session.context.protocol
    is_wanted = session.connector.protocol_logging_level is ProtocolLoggingLevel.VERBOSE
    if log is None or not is_wanted or session.is_logged:
        return
    facts, name = session.facts, transport.get_extra_info("sockname") or ("", 0)
    rows = ProtocolSession(
        log,
        session.connector.name,
        facts.session_id,
        local=_endpoint(name[0], name[1]),
        remote=_endpoint(facts.peer, facts.peer_port),
    )
    rows.note(Mark.CONNECT, "", f"through the proxy {facts.proxy}" if facts.proxy else "")
    vars(session).update(_methods(session, rows))
    session.is_logged = True


def _methods(session: Session, rows: ProtocolSession) -> dict[str, Any]:
    receive, send, tell, end, replace = (
        session.line_received, session.send, session.tell, session.end, session.replace_facts
    )  # fmt: skip

    def line_received(line: bytes) -> None:
        rows.note(Mark.RECEIVE, command(line.rstrip(b"\r")))
        receive(line)

    def logged_send(octets: bytes) -> None:
        rows.lines(Mark.SEND, octets)
        send(octets)

    def logged_tell(verdict: Verdict, **told: Any) -> None:
        rows.note(Mark.NOTE, verdict.reason, f"refused at {verdict.stage.value}")
        tell(verdict, **told)

    def replace_facts(**changes: Any) -> None:
        replace(**changes)
        if changes.get("tls"):
            rows.note(Mark.NOTE, f"{changes['tls'].version} {changes['tls'].cipher}", "TLS negotiation succeeded")
        if changes.get("identity"):
            rows.note(Mark.NOTE, str(changes["identity"]), "authenticated")

    def logged_end(error: Exception | None) -> None:
        rows.note(Mark.DISCONNECT, "", str(error) if error is not None else "")
        end(error)

    return {
        "line_received": line_received,
        "send": logged_send,
        "tell": logged_tell,
        "end": logged_end,
        "replace_facts": replace_facts,
    }


def _endpoint(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
