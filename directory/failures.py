"""Pure: what ldap3, the standard library and a controller say of a failure -> words for an administrator."""

from typing import Any

from directory import errors
from directory.settings import Server


def connection_failure(server: Server, error: BaseException) -> errors.DirectoryUnavailable:
    """A failed connection in words: a refused certificate apart from everything else."""
    text = printable(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return errors.CertificateRefused(f"The certificate of {server} is refused: {_certificate_reason(text)}.")
    for sign, words in _CONNECTION_FAILURES:
        if sign in text:
            return errors.ServerUnreachable(f"Cannot connect to {server}: {words}.")
    return errors.ServerUnreachable(f"Cannot connect to {server}: {text}.")


_CONNECTION_FAILURES = (
    ("invalid server address", "its name cannot be resolved"),
    ("Connection refused", "nothing listens there (connection refused)"),
    ("timed out", "it does not answer in time"),
    ("Network is unreachable", "there is no route to its network"),
    ("No route to host", "there is no route to it"),
    ("connection has been closed (EOF)", "it does not speak TLS on this port (LDAPS and StartTLS have different ones)"),
    ("UNEXPECTED_EOF_WHILE_READING", "it does not speak TLS on this port (LDAPS and StartTLS have different ones)"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS on this port (LDAPS and StartTLS have different ones)"),
    ("Connection reset by peer", "it closed the connection (LDAPS and StartTLS have different ports)"),
)


def _certificate_reason(text: str) -> str:
    reason = text.partition("certificate verify failed: ")[2].rpartition(" (_ssl")[0] or text
    return reason.replace("\\'", "'").rstrip(".")


def search_failure(server: Server, base_dn: str, result: dict[str, Any]) -> str:
    reason = printable(result.get("message")) or "no reason given"
    return f"{server} ended the search below {base_dn!r} with {result['description']} ({result['result']}): {reason}."


def printable(value: object) -> str:
    """Text from the wire or from a library, fit for a page and a log line."""
    text = "".join(c if c.isprintable() else " " for c in str(value or ""))
    return " ".join(text.split())[:300].rstrip(".")
