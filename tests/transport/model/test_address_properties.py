"""Properties of the path parser: what RFC 5321 4.1.2 allows is read as it is meant, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.model.address import Address, InvalidAddress, is_domain, parse_domain, parse_mailbox, parse_path

ATEXT = "abcXYZ0189!#$%&'*+/=?^_`{|}~-"
ATOMS = st.lists(st.text(ATEXT, min_size=1, max_size=8), min_size=1, max_size=4).map(".".join)
QUOTED = st.text([chr(c) for c in range(32, 127)], max_size=20)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
ANY = st.text(st.characters(exclude_categories=()), max_size=60)  # surrogates too: JSON of the document can hold them
BITS = st.sampled_from(
    ["<", ">", "@", ",", ":", '"', "\\", "[", "]", "IPv6:", ".", "a", "ä", " ", "\t", "\0", "(", "127.0.0.1"]
)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(local=ATOMS, domain=DOMAINS)
def test_dot_atom__is_read_as_it_stands(local, domain):
    assert parse_path(f"<{local}@{domain.upper()}>") == Address(local, domain)


@given(local=QUOTED, domain=DOMAINS)
def test_quoted_string__is_read_unquoted_and_written_so_that_it_reads_back(local, domain):
    address = parse_path(f"<{quoted(local)}@{domain}>")
    assert address == Address(local, domain)
    assert parse_path(f"<{address}>") == address


@given(local=ATOMS, domain=DOMAINS, route=st.lists(DOMAINS, min_size=1, max_size=3))
def test_source_route__is_ignored(local, domain, route):
    hops = ",".join(f"@{hop}" for hop in route)
    assert parse_path(f"<{hops}:{local}@{domain}>") == Address(local, domain)


@given(st.ip_addresses())
def test_literal__of_any_address__is_a_domain(address):
    text = f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
    assert parse_path(f"<a@{text}>").domain == text.lower()


@pytest.mark.parametrize(
    "literal",
    [
        "[]",
        "[1.2.3]",
        "[1.2.3.4.5]",
        "[256.1.1.1]",
        "[01.2.3.4]",
        "[::1]",
        "[IPv6:1.2.3.4]",
        "[IPv6:::1%eth0]",
        "[IPv6:]",
        "[x-tag:abc]",
        "[1.2.3.4",
        "[1.2.3.4]x",
        "[[1.2.3.4]]",
        "[1.2.3.\u0664]",
    ],
)
def test_literal__anything_else__is_refused(literal):
    with pytest.raises(InvalidAddress):
        parse_mailbox(f"a@{literal}")


@given(st.one_of(ANY, st.lists(BITS, max_size=12).map("".join)))
def test_any_text__is_an_address_that_reads_back__or_refused(text):
    for parse in (parse_path, lambda one: parse_path(f"<{one}>"), parse_mailbox):
        try:
            address = parse(text)
        except InvalidAddress:
            continue
        assert parse_mailbox(str(address)) == address
        assert len(address.local_part.encode()) <= 64 and len(address.domain.encode()) <= 255
        assert not any(ord(c) < 32 or ord(c) == 127 for c in str(address))
        assert address.local_part and is_domain(address.domain)


@given(ANY)
def test_any_domain__is_one_that_reads_back__or_refused(text):
    try:
        domain = parse_domain(text)
    except InvalidAddress:
        return
    assert parse_domain(domain) == domain and " " not in domain and "@" not in domain


LONG = ".".join(["a" * 61] * 4)  # 247 octets


@pytest.mark.parametrize(
    ("path", "is_valid"),
    [
        (f"<{'a' * 64}@x.example>", True),  # RFC 5321 4.5.3.1.1
        (f"<{'a' * 65}@x.example>", False),
        (f"<{'ä' * 32}@x.example>", True),
        (f"<{'ä' * 32}a@x.example>", False),
        (f'<"{"a" * 64}"@x.example>', True),
        (f'<"{"a" * 65}"@x.example>', False),
        (f"<b@{'a' * 63}.example>", True),  # RFC 1035 2.3.4
        (f"<b@{'a' * 64}.example>", False),
        (f"<bcdefg@{LONG}>", True),  # 4.5.3.1.3: 256 octets with < and >
        (f"<bcdefgh@{LONG}>", False),
    ],
)
def test_limits__of_4_5_3_1__are_exact(path, is_valid):
    if is_valid:
        assert f"<{parse_path(path)}>" in (path, path.replace('"', ""))
    else:
        with pytest.raises(InvalidAddress):
            parse_path(path)


def test_domain__of_255_octets__is_the_longest():
    assert parse_domain(".".join(["a" * 63] * 4))  # 255: RFC 5321 4.5.3.1.2
    with pytest.raises(InvalidAddress):
        parse_domain(".".join(["a" * 63] * 3 + ["a" * 62, "b"]))
