"""The values of the sink: what it received, and the rules by which it deviates from accepting everything."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Stage = Literal["connect", "ehlo", "mail", "rcpt", "data", "dot"]


@dataclass(frozen=True)
class Received:
    """One message that the sink acknowledged: `data` is what followed DATA, dots unstuffed, otherwise as it came."""

    mail_from: str
    mail_parameters: tuple[str, ...]
    rcpt_to: tuple[str, ...]
    rcpt_parameters: tuple[tuple[str, ...], ...]
    data: bytes
    helo: str
    peer: str
    tls_version: str | None
    connection: int
    client_certificate: str = ""

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    def headers(self, name: str) -> list[bytes]:
        """The values of every header `name`, folded lines joined as they stand."""
        head = self.data.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
        prefix = name.lower().encode() + b":"
        return [line[len(prefix) :].strip() for line in head.split(b"\r\n") if line.lower().startswith(prefix)]


@dataclass
class Rule:
    """A deviation at one stage: another reply, a delay before it, or the end of the connection."""

    stage: Stage
    reply: str | None = None
    delay_s: float = 0.0
    is_close: bool = False
    recipient: str = "*"
    times: int | None = None

    def take(self, stage: Stage, recipient: str) -> bool:
        if stage != self.stage or self.times == 0 or not fnmatchcase(recipient.lower(), self.recipient.lower()):
            return False
        if self.times is not None:
            self.times -= 1
        return True
