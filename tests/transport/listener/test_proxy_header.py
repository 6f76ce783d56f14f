"""The PROXY protocol's header: what it says, what it must not say, however it is cut."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.listener.proxy_header import InvalidProxyHeader, ProxyHeader, parse

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def version_2(client: str, port: int = 5000, *, command: int = 0x21, rest: bytes = b"") -> bytes:
    address = ipaddress.ip_address(client)
    server = ipaddress.ip_address("10.0.0.9" if address.version == 4 else "2001:db8::9")
    body = address.packed + server.packed + struct.pack("!HH", port, 25) + rest
    return SIGNATURE + bytes([command, 0x11 if address.version == 4 else 0x21]) + struct.pack("!H", len(body)) + body


@pytest.mark.parametrize(
    ("octets", "address", "port"),
    [
        (b"PROXY TCP4 192.0.2.1 10.0.0.9 5000 25\r\n", "192.0.2.1", 5000),
        (b"PROXY TCP6 2001:DB8::1 2001:db8::9 65535 25\r\n", "2001:db8::1", 65535),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 25\r\n", "192.0.2.1", 1),
        (b"PROXY UNKNOWN\r\n", "", 0),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", 0),
        (version_2("192.0.2.1"), "192.0.2.1", 5000),
        (version_2("2001:db8::1", 7), "2001:db8::1", 7),
        (version_2("192.0.2.1", rest=b"\x03\x00\x04abcd"), "192.0.2.1", 5000),
        (version_2("192.0.2.1", command=0x20), "", 0),
        (SIGNATURE + b"\x20\x00\x00\x00", "", 0),
    ],
)
def test_parse__valid__in_any_pieces(octets, address, port):
    assert parse(octets + b"EHLO x\r\n") == ProxyHeader(address, port, len(octets))
    assert all(parse(octets[:length]) is None for length in range(len(octets)))


@pytest.mark.parametrize(
    "octets",
    [
        b"EHLO x\r\n",
        b"\r\n\r\nNOOP",
        b"PROXY TCP4 192.0.2.1 10.0.0.9 5000\r\n",
        b"PROXY TCP4 192.0.2.256 10.0.0.9 5000 25\r\n",
        b"PROXY TCP4 2001:db8::1 10.0.0.9 5000 25\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.9 99999 25\r\n",
        b"PROXY TCP4 0.0.0.0 10.0.0.9 5000 25\r\n",
        b"PROXY TCP4  192.0.2.1 10.0.0.9 5000 25\r\n",
        b"PROXY UDP4 192.0.2.1 10.0.0.9 5000 25\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.9 5000 25\n" + b"x" * 100,
        b"PROXY " + b"x" * 200,
        SIGNATURE + b"\x11\x11\x00\x0c" + b"x" * 12,
        SIGNATURE + b"\x21\x31\x00\x0c" + b"x" * 12,
        SIGNATURE + b"\x21\x11\x00\x04" + b"x" * 4,
        SIGNATURE + b"\x21\x11\xff\xff",
        version_2("224.0.0.1"),
    ],
)
def test_parse__anything_else__is_refused(octets):
    with pytest.raises(InvalidProxyHeader):
        parse(octets)


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00\x0c"]),
)
def test_parse__any_octets__give_a_header_or_a_refusal_or_wait(octets, begin):
    try:
        header = parse(begin + octets)
    except InvalidProxyHeader:
        return
    assert header is None or 0 < header.length <= len(begin + octets)
    if header is not None and header.address:
        ipaddress.ip_address(header.address)
