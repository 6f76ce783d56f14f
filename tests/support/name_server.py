"""A name server on loopback that says what a test wants, by UDP and TCP on one port, and notes what it is asked.

async with NameServer({("mx.example", "A"): "mx.example. 60 IN A 192.0.2.1"}) as server:
    resolver = DnsResolver(nameservers=["127.0.0.1"], dns_port=server.port)

`system_names` is one that the console's pages ask instead of the system's, for tests without an event loop.
"""

import asyncio
import struct
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

SOA = "example. 900 IN SOA ns.example. root.example. 1 3600 600 86400 120"


class NameServer(asyncio.DatagramProtocol):
    """`zone` holds answers by name and kind, records one a line; a name it does not hold at all does not exist.

    UDP answers of more than `udp_bytes` are cut, so that they have to be asked for by TCP; `rcode` is said to
    everything, nothing at all about names that end with `mute`.
    """

    def __init__(
        self, zone: dict[tuple[str, str], str], *, udp_bytes: int = 1232, rcode: str = "", mute: str = ""
    ) -> None:
        self.zone = zone
        self.asked: list[tuple[str, str, str]] = []
        self.port = 0
        self._udp_bytes = udp_bytes
        self._rcode = rcode
        self._mute = mute

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._udp.close()
        self._server.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data, "udp")
        if self._mute and answer.question[0].name.to_text(omit_final_dot=True).endswith(self._mute):
            return
        if len(answer.to_wire(max_size=65535)) > self._udp_bytes:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
        self._udp.sendto(answer.to_wire(), addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        wire = self._answer(await reader.readexactly(length), "tcp").to_wire(max_size=65535)
        writer.write(struct.pack("!H", len(wire)) + wire)
        await writer.drain()
        writer.close()

    def _answer(self, data: bytes, way: str) -> dns.message.Message:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((name, kind, way))
        if self._rcode:
            answer.set_rcode(dns.rcode.from_text(self._rcode))
            return answer
        answer.answer = _rrsets(self.zone.get((name, kind), ""))
        if not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        if not answer.answer:
            answer.authority = _rrsets(SOA)
        return answer


def _rrsets(lines: str) -> list[dns.rrset.RRset]:
    found: dict[tuple[str, str], list[str]] = {}
    ttls: dict[tuple[str, str], str] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, ttl, _, kind, data = line.split(None, 4)
        found.setdefault((name, kind), []).append(data)
        ttls[name, kind] = ttl
    return [dns.rrset.from_text_list(n, int(ttls[n, k]), "IN", k, data) for (n, k), data in found.items()]


@pytest.fixture
def system_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """Knows nothing until the test fills its `zone`."""
    server, loop = NameServer({}, mute=".mute"), asyncio.new_event_loop()
    loop.run_until_complete(server.__aenter__())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    monkeypatch.setattr("mailconsole.common.names.system_resolver", lambda: resolver)
    yield server
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.run_until_complete(server.__aexit__(None, None, None))
    loop.close()
