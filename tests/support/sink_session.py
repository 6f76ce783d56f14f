"""One connection to the sink: SMTP as RFC 5321 has it, deviating where the sink's rules say so."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tests.support.sink_script import Received, Stage

if TYPE_CHECKING:
    from tests.support.sink import Sink

# What "data" close reads of the body before it cuts: enough that the client is in the middle of it.
BYTES_BEFORE_CUT = 100


class _Closed(Exception):
    """The script or the peer ended the connection."""


@dataclass(eq=False)
class Session:
    sink: "Sink"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    task: "asyncio.Task[None] | None"
    helo: str = ""
    mail: tuple[str, tuple[str, ...]] | None = None
    rcpts: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    is_spoilt: bool = False

    async def run(self) -> None:
        try:
            await self._answer("connect", "220 sink.example ESMTP")
            while True:
                line = await self.reader.readline()
                if not line.endswith(b"\n"):
                    raise _Closed
                await self._command(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
        except (_Closed, OSError, EOFError, asyncio.LimitOverrunError):
            pass
        finally:
            self.writer.close()
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()

    def abort(self) -> None:
        self.writer.transport.abort()

    async def _command(self, line: str) -> None:
        self.sink.record_command(line)
        verb, _, argument = line.partition(" ")
        handler = self._verbs.get(verb.upper())
        if handler is None:
            await self._write("500 5.5.2 unknown command")
        else:
            await handler(self, argument)

    async def _answer(
        self, stage: Stage, reply: str, recipient: str = "", *, before: Callable[[], None] = lambda: None
    ) -> bool:
        """Answer as the rules for `stage` say, else with `reply`; True when the stage was accepted.

        `before` is called ahead of an acceptance: what the peer knows to be taken is on record.
        """
        for rule in self.sink.rule_for(stage, recipient):
            if rule.delay_s:
                await asyncio.sleep(rule.delay_s)
            if rule.is_close:
                raise _Closed
            reply = rule.reply or reply
        if reply[0] in "23":
            before()
        await self._write(*reply.split("\n"))
        return reply[0] in "23"

    async def _write(self, *lines: str) -> None:
        # RFC 5321 4.2.1: every line of a reply but the last has a hyphen after the code.
        folded = [f"{line[:3]}-{line[4:]}" for line in lines[:-1]] + [lines[-1]]
        self.writer.write("".join(f"{line}\r\n" for line in folded).encode("utf-8", "surrogateescape"))
        await self.writer.drain()

    async def _ehlo(self, argument: str) -> None:
        self.helo = argument
        self._reset()
        offers = list(self.sink.extensions)
        if self.sink.tls_chain is not None and self._tls_version() is None:
            offers.append("STARTTLS")
        await self._answer("ehlo", "\n".join(f"250 {line}" for line in ("sink.example", *offers)))

    async def _helo(self, argument: str) -> None:
        self.helo = argument
        self._reset()
        await self._answer("ehlo", "250 sink.example")

    async def _mail(self, argument: str) -> None:
        path = _path(argument, "FROM:")
        if path is None:
            await self._write("501 5.5.4 syntax")
        elif self.is_spoilt:
            await self._write("503 5.5.1 RSET first")
        elif await self._answer("mail", "250 2.1.0 ok"):
            self._reset()
            self.mail = path

    async def _rcpt(self, argument: str) -> None:
        path = _path(argument, "TO:")
        if path is None:
            await self._write("501 5.5.4 syntax")
        elif self.mail is None:
            await self._write("503 5.5.1 need MAIL")
        elif await self._answer("rcpt", "250 2.1.5 ok", path[0]):
            self.rcpts.append(path)

    async def _data(self, _argument: str) -> None:
        if self.mail is None or not self.rcpts:
            await self._write("554 5.5.1 no valid recipients")
            return
        rules = self.sink.rule_for("data")
        if any(rule.is_close for rule in rules):
            await self._write("354 go ahead")
            await self.reader.read(BYTES_BEFORE_CUT)
            raise _Closed
        await asyncio.sleep(sum(rule.delay_s for rule in rules))
        reply = next((rule.reply for rule in rules if rule.reply), "354 go ahead")
        await self._write(*reply.split("\n"))
        if reply.startswith("354"):
            await self._body()

    async def _bdat(self, argument: str) -> None:
        """A chunk (RFC 3030 2). After one that was refused, nothing goes but RSET: servers differ, and may do that."""
        size, _, last = argument.partition(" ")
        rules = self.sink.rule_for("data")
        if any(rule.is_close for rule in rules):
            await self.reader.read(min(int(size), BYTES_BEFORE_CUT))
            raise _Closed
        self.chunks.append(await self.reader.readexactly(int(size)))
        await asyncio.sleep(sum(rule.delay_s for rule in rules))
        reply = next((rule.reply for rule in rules if rule.reply), "")
        if reply or self.mail is None or not self.rcpts:
            self.is_spoilt = True
            await self._write(*(reply or "503 5.5.1 no valid recipients").split("\n"))
        elif last.upper() != "LAST":
            await self._write(f"250 2.0.0 {size} octets")
        else:
            data = b"".join(self.chunks)
            text = f"250 2.0.0 ok {len(self.sink.received) + 1}"
            self.is_spoilt = not await self._answer("dot", text, before=lambda: self._record(data))
            self.chunks = []

    async def _body(self) -> None:
        data = await self._read_body()
        await self._answer("dot", f"250 2.0.0 ok {len(self.sink.received) + 1}", before=lambda: self._record(data))
        self._reset()

    async def _read_body(self) -> bytes:
        """What precedes CRLF . CRLF, dots unstuffed (RFC 5321 4.5.2)."""
        lines: list[bytes] = []
        while True:
            line = await self.reader.readuntil(b"\r\n")
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def _record(self, data: bytes) -> None:
        assert self.mail is not None
        received = Received(
            mail_from=self.mail[0],
            mail_parameters=self.mail[1],
            rcpt_to=tuple(address for address, _ in self.rcpts),
            rcpt_parameters=tuple(parameters for _, parameters in self.rcpts),
            data=data,
            helo=self.helo,
            peer=self.writer.get_extra_info("peername")[0],
            tls_version=self._tls_version(),
            connection=self.number,
            client_certificate=self._client_certificate(),
        )
        self.sink.record(received)

    async def _starttls(self, _argument: str) -> None:
        context = self.sink.tls_context()
        if context is None:
            await self._write("502 5.5.1 not offered")
            return
        await self._write("220 2.0.0 ready")
        await self.writer.start_tls(context)
        self._reset()

    async def _rset(self, _argument: str) -> None:
        self._reset()
        await self._write("250 2.0.0 ok")

    async def _noop(self, _argument: str) -> None:
        await self._write("250 2.0.0 ok")

    async def _quit(self, _argument: str) -> None:
        await self._write("221 2.0.0 bye")
        raise _Closed

    def _reset(self) -> None:
        self.mail = None
        self.rcpts = []
        self.chunks = []
        self.is_spoilt = False

    def _client_certificate(self) -> str:
        tls = self.writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert() if tls is not None else None
        return ", ".join(name for _, name in certificate["subjectAltName"]) if certificate else ""

    def _tls_version(self) -> str | None:
        tls = self.writer.get_extra_info("ssl_object")
        return tls.version() if tls is not None else None

    _verbs: ClassVar = {
        "EHLO": _ehlo, "HELO": _helo, "MAIL": _mail, "RCPT": _rcpt, "DATA": _data, "BDAT": _bdat, "STARTTLS": _starttls,
        "RSET": _rset, "NOOP": _noop, "QUIT": _quit,
    }  # fmt: skip


def _path(argument: str, keyword: str) -> tuple[str, tuple[str, ...]] | None:
    """`FROM:<a@b> SIZE=1` -> ("a@b", ("SIZE=1",)); an address may be quoted and hold `>` and spaces."""
    if not argument.upper().startswith(f"{keyword}<"):
        return None
    path = argument[len(keyword) :]
    # A quoted local part may hold ">" itself (RFC 5321 4.1.2).
    is_quoted = False
    for end, character in enumerate(path):
        is_quoted ^= character == '"'
        if character == ">" and not is_quoted:
            return path[1:end], tuple(path[end + 1 :].split())
    return None
