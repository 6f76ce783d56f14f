"""The load and the next hop of bench/tls.py: SMTP as smtp-source speaks it, without pipelining, over TLS."""

import asyncio
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized

import uvloop
from run import CannotMeasure


@dataclass(frozen=True)
class Load:
    sessions: int
    messages: int
    size: int
    connects_each: bool


async def command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes, expected: bytes) -> None:
    if line:
        writer.write(line)
    while True:
        reply = await reader.readline()
        if reply[3:4] != b"-":
            break
    if not reply.startswith(expected):
        raise CannotMeasure(f"{line[:40]!r} was answered {reply!r}")


async def connect(port: int, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await command(reader, writer, b"", b"220")
    await command(reader, writer, b"EHLO load.example\r\n", b"250")
    await command(reader, writer, b"STARTTLS\r\n", b"220")
    await writer.start_tls(context, server_hostname="relay.test")
    await command(reader, writer, b"EHLO load.example\r\n", b"250")
    return reader, writer


async def session(port: int, context: ssl.SSLContext, load: Load, left: list[int]) -> None:
    head = b"From: a@a.example\r\nSubject: TLS\r\n\r\n"
    body = head + (b"x" * 70 + b"\r\n") * max(1, (load.size - len(head)) // 72) + b".\r\n"
    reader, writer = await connect(port, context)
    while left[0] > 0:
        left[0] -= 1
        await command(reader, writer, b"MAIL FROM:<bench@source.example>\r\n", b"250")
        await command(reader, writer, b"RCPT TO:<user@sink.example>\r\n", b"250")
        await command(reader, writer, b"DATA\r\n", b"354")
        await command(reader, writer, body, b"250")
        if load.connects_each and left[0] > 0:
            await command(reader, writer, b"QUIT\r\n", b"221")
            writer.close()
            reader, writer = await connect(port, context)
    await command(reader, writer, b"QUIT\r\n", b"221")
    writer.close()


async def send(port: int, load: Load) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    left = [load.messages]
    await asyncio.gather(*(session(port, context, load, left) for _ in range(load.sessions)))


async def take(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, count: "Synchronized[int]"
) -> None:
    greeting = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
    writer.write(b"220 sink\r\n")
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                is_tls = writer.get_extra_info("ssl_object") is not None
                writer.write(greeting + (b"250 OK\r\n" if is_tls else b"250 STARTTLS\r\n"))
            elif verb == b"STAR":
                writer.transport.pause_reading()  # type: ignore[attr-defined]  # the handshake is not for this reader
                writer.write(b"220 go\r\n")
                await writer.start_tls(context)
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 2.0.0 Ok\r\n")
                count.value += 1
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif verb == b"MAIL" and writer.get_extra_info("ssl_object") is None:
                writer.write(b"530 5.7.0 Must issue a STARTTLS command first\r\n")
            else:
                writer.write(b"250 2.0.0 Ok\r\n")
    writer.close()


def run_sink(port: int, chain: str, count: "Synchronized[int]") -> None:
    async def serve() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        server = await asyncio.start_server(
            lambda reader, writer: take(reader, writer, context, count), "127.0.0.1", port, limit=1 << 22, backlog=500
        )
        await server.serve_forever()

    uvloop.run(serve())


def run_load(port: int, load: Load) -> None:
    try:
        uvloop.run(send(port, load))
    except CannotMeasure as reason:
        print(f"bench: {reason}", file=sys.stderr)
        sys.exit(1)
