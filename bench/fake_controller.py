"""A domain controller of generated users for measurements: LDAP over TLS, paging, a count of changes, DirSync; nothing
else.

Answers are encoded once, before anything is measured, so that its own share of the time is small.
"""

import asyncio
import re
import ssl
import uuid
from collections.abc import Iterator

NAMING_CONTEXT = "DC=bench,DC=example"
PAGED, DIRSYNC = b"1.2.840.113556.1.4.319", b"1.2.840.113556.1.4.841"
INVOCATION = uuid.UUID(int=7).bytes_le
SPACE = uuid.UUID(int=1)
GROUP_EVERY, GROUP_SIZE = 100, 50


def ber(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(octets)]) + octets + body


def number(value: int, tag: int = 2) -> bytes:
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def elements(buffer: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(buffer):
        tag, size = buffer[at], buffer[at + 1]
        at += 2
        if size & 128:
            count = size & 127
            size, at = int.from_bytes(buffer[at : at + count], "big"), at + count
        yield tag, buffer[at : at + size]
        at += size


def guid(n: int) -> uuid.UUID:
    return uuid.UUID(int=(n + 1) << 64 | 0x4000_8000)


def number_of(octets: bytes) -> int:
    """The inverse of `guid`."""
    return (uuid.UUID(bytes_le=octets).int >> 64) - 1


class Directory:
    """`count` users; every hundredth object is a group. `touch` changes some of them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.usn = 1000
        self.touched: dict[int, int] = {}
        self.made: dict[tuple[int, bool], bytes] = {}

    def touch(self, some: list[int]) -> None:
        for n in some:
            self.usn += 1
            self.touched[n] = self.usn
            self.made.pop((n, False), None)

    def changed_since(self, usn: int) -> list[int]:
        return sorted(n for n, at in self.touched.items() if at >= usn)

    def entry(self, n: int, is_guid_only: bool) -> bytes:
        """The search result entry, kept: encoding it is not what is measured."""
        key = n, is_guid_only
        if key not in self.made:
            self.made[key] = self._entry(n, is_guid_only)
        return self.made[key]

    def _entry(self, n: int, is_guid_only: bool) -> bytes:
        name = f"user{n:06}"
        dn = f"<GUID={guid(n)}>;CN={name},OU=Bench,{NAMING_CONTEXT}"
        values: dict[str, list[bytes]] = {"objectGUID": [guid(n).bytes_le]}
        if not is_guid_only:
            is_group = n % GROUP_EVERY == 0
            title = f"User {n}" + (f" changed {self.touched[n]}" if n in self.touched else "")
            values |= {
                "objectClass": [b"top", b"group" if is_group else b"user"],
                "displayName": [title.encode()],
                "mail": [f"{name}@acme.example".encode()],
                "mailNickname": [name.encode()],
                "sAMAccountName": [name.encode()],
                "userPrincipalName": [f"{name}@bench.example".encode()],
                "userAccountControl": [b"512"],
                "msExchRecipientTypeDetails": [b"1"],
                "msExchHomeServerName": [b"/o=Acme/ou=X/cn=Configuration/cn=Servers/cn=MBX1"],
                "proxyAddresses": [
                    f"SMTP:{name}@acme.example".encode(),
                    f"smtp:{name}@globex.example".encode(),
                    f"smtp:u{n}@acme.example".encode(),
                ],
            }
            if is_group:
                members = range(n + 1, min(n + 1 + GROUP_SIZE, self.count))
                values["member"] = [f"<GUID={guid(m)}>;CN=user{m:06},{NAMING_CONTEXT}".encode() for m in members]
        attributes = [ber(0x30, ber(4, k.encode()), ber(0x31, *(ber(4, v) for v in vs))) for k, vs in values.items()]
        return ber(0x64, ber(4, dn.encode()), ber(0x30, *attributes))


class Controller:
    def __init__(self, directory: Directory, has_dirsync: bool = True) -> None:
        self.directory = directory
        self.has_dirsync = has_dirsync

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                message_id, op, body, controls = await self._message(reader)
                if op == 0x60:
                    self._send(writer, message_id, ber(0x61, number(0, 10), ber(4), ber(4)))
                elif op == 0x63:
                    self._search(writer, message_id, body, controls)
                    await writer.drain()
                elif op == 0x42:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def _message(self, reader: asyncio.StreamReader) -> tuple[int, int, bytes, bytes]:
        head = await reader.readexactly(2)
        size = head[1]
        if size & 128:
            size = int.from_bytes(await reader.readexactly(size & 127), "big")
        parts = list(elements(await reader.readexactly(size)))
        return int.from_bytes(parts[0][1], "big"), parts[1][0], parts[1][1], parts[2][1] if len(parts) > 2 else b""

    def _search(self, writer: asyncio.StreamWriter, message_id: int, body: bytes, controls: bytes) -> None:
        parts = list(elements(body))
        base, scope, wanted = parts[0][1].decode(), parts[1][1][0], parts[7][1].lower()
        if scope == 0:
            self._send(writer, message_id, self._base(base))
            self._done(writer, message_id, None)
            return
        if DIRSYNC in controls:
            self._dirsync(writer, message_id, body, controls)
            return
        found = self._numbers(base, body)
        size, start = self._page(controls)
        shown = found[start : start + size]
        is_guid_only = b"proxyaddresses" not in wanted
        for n in shown:
            self._send(writer, message_id, self.directory.entry(n, is_guid_only))
        end = start + size
        cookie = b"" if end >= len(found) else str(end).encode()
        self._done(writer, message_id, ber(0x30, number(0), ber(4, cookie)))

    def _dirsync(self, writer: asyncio.StreamWriter, message_id: int, body: bytes, controls: bytes) -> None:
        """The cookie is the count of changes; a filter other than (objectClass=*) matches nothing."""
        _, _, cookie = self._control(controls, DIRSYNC)
        is_everybody = list(elements(body))[6][1].lower() == b"objectclass"
        for n in self.directory.changed_since(int(cookie or b"0") + 1) if is_everybody else ():
            values = ber(0x30, ber(4, b"objectGUID"), ber(0x31, ber(4, guid(n).bytes_le)))
            values += ber(0x30, ber(4, b"displayName"), ber(0x31, ber(4, b"changed")))
            dn = f"<GUID={guid(n)}>;CN=user{n:06},{NAMING_CONTEXT}"
            self._send(writer, message_id, ber(0x64, ber(4, dn.encode()), ber(0x30, values)))
        cookie = str(self.directory.usn).encode()
        self._done(writer, message_id, ber(0x30, number(0), number(0), ber(4, cookie)), DIRSYNC)

    def _numbers(self, base: str, body: bytes) -> "range | list[int]":
        if named := re.findall(rb"objectGUID\x04\x10(.{16})", body, re.DOTALL):
            return [number_of(octets) for octets in named]
        asked = re.search(rb"uSNChanged\x04(.)", body, re.DOTALL)
        if base.startswith("CN=Deleted Objects"):
            return [0, 1]  # so that tombstones count as visible
        if b"isDeleted" in body:
            return []
        if asked is None:
            return range(self.directory.count)
        return self.directory.changed_since(int(body[asked.end() : asked.end() + asked[1][0]]))

    def _page(self, controls: bytes) -> tuple[int, int]:
        value = self._control(controls, PAGED)
        return (int.from_bytes(value[0], "big"), int(value[1] or b"0")) if value else (1_000_000, 0)

    def _control(self, controls: bytes, oid: bytes) -> list[bytes]:
        """The members of its value; none where it was not sent."""
        for _, control in elements(controls):
            parts = list(elements(control))
            if parts[0][1] == oid:
                return [value for _, value in elements(next(elements(parts[-1][1]))[1])]
        return []

    def _base(self, base: str) -> bytes:
        values = {
            "defaultNamingContext": NAMING_CONTEXT.encode(),
            "dsServiceName": b"CN=NTDS Settings,CN=DC1",
            "highestCommittedUSN": str(self.directory.usn).encode(),
            "invocationId": INVOCATION,
            "objectGUID": guid(0).bytes_le,
        }
        if self.has_dirsync:
            values["supportedControl"] = DIRSYNC
        attributes = [ber(0x30, ber(4, k.encode()), ber(0x31, ber(4, v))) for k, v in values.items()]
        return ber(0x64, ber(4, base.encode()), ber(0x30, *attributes))

    def _send(self, writer: asyncio.StreamWriter, message_id: int, op: bytes, controls: bytes = b"") -> None:
        writer.write(ber(0x30, number(message_id), op, controls))

    def _done(self, writer: asyncio.StreamWriter, message_id: int, value: bytes | None, oid: bytes = PAGED) -> None:
        controls = b"" if value is None else ber(0xA0, ber(0x30, ber(4, oid), ber(4, value)))
        self._send(writer, message_id, ber(0x65, number(0, 10), ber(4), ber(4)), controls)


async def run(
    directory: Directory, certificate: str, key: str, ready: "asyncio.Future[int]", *, has_dirsync: bool = True
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(Controller(directory, has_dirsync).serve, "127.0.0.1", 0, ssl=context)
    ready.set_result(server.sockets[0].getsockname()[1])
    await server.serve_forever()
