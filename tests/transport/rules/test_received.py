"""Where a message came to our relays from: their own Received fields are read, a stranger's never."""

import pytest

from transport.rules.headers import received
from transport.rules.received import origin, sender_of


def field(text):
    return f"Received: {text};\r\n\tFri, 27 Nov 2026 20:00:00 +0000\r\n".encode()


WRITTEN = {
    "from mail.x.example (mail.x.example [192.0.2.1])\r\n\tby edge (Postfix) with ESMTPS id 4F": "192.0.2.1",
    "from [8.8.8.8] (unknown [192.0.2.1]) by edge.contoso.com (Postfix) with SMTP id 4F": "192.0.2.1",
    "from by (unknown [192.0.2.1]) by edge.contoso.com (Postfix) with SMTP id 4F": "192.0.2.1",
    'from x (x [192.0.2.1]) (Client CN "[8.8.8.8]", Issuer "y") by edge (Postfix) with ESMTPS id 1': "192.0.2.1",
    "from x (x [IPv6:2001:db8::1]) by edge (Postfix) with ESMTP id 1": "2001:db8::1",
    "from EX01.x.example (192.0.2.1) by EX02.contoso.com (10.0.0.7) with Microsoft SMTP Server id 15.2": "192.0.2.1",
    "from EX01 (2001:db8::1%12) by EX02 (fe80::1) with Microsoft SMTP Server id 15": "2001:db8::1",
    "from x (x [192.0.2.1] (may be forged)) by edge (8.17/8.17) with ESMTP id 1": "192.0.2.1",
    "from x.example ([192.0.2.1]:4711 helo=[8.8.8.8]) by edge with esmtps (Exim 4.97) id 1": "192.0.2.1",
    "from [192.0.2.1] (helo=[8.8.8.8]) by edge with esmtp (Exim 4.97) id 1": "192.0.2.1",
    "from unknown (HELO [8.8.8.8]) (192.0.2.1) by edge with SMTP": "192.0.2.1",
    "from spike ([192.0.2.1])\r\n\tby relay.test (Mailconsole) with ESMTP id 1\r\n\tfor <a@x.example>": "192.0.2.1",
    "from ::ffff:192.0.2.1 ([::ffff:192.0.2.1]) by edge with SMTP": "192.0.2.1",
    "from x by edge ([8.8.8.8]) with SMTP": "",
    "from [8.8.8.8] by edge with SMTP": "",
    "by edge.contoso.com (Postfix, from userid 1000) id 4F": "",
    "from x ([999.1.1.1]) by edge with SMTP": "",
    "from x ((((((((([192.0.2.1] by edge": "",
    "": "",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_sender__is_the_address_that_the_server_saw_and_no_name_that_the_client_chose(text):
    assert sender_of(field(text)) == WRITTEN[text]


def test_field__of_our_own_making__is_read_back():
    made = received(helo="[8.8.8.8]", peer="2001:db8::7", by="r", protocol="ESMTP", queue_id="1", recipient="", now=0.0)
    assert sender_of(made) == "2001:db8::7"


def is_internal(address):
    return address.startswith("10.")


def hop(address, by="edge"):
    return field(f"from x (x [{address}]) by {by} (Postfix) with ESMTP id 1")


def test_origin__is_the_first_address_that_is_none_of_ours():
    header = hop("10.0.0.2") + b"X-Other: y\r\n" + hop("203.0.113.9") + hop("8.8.8.8") + b"Subject: x\r\n"
    found = origin(header, "10.0.0.1", is_internal)
    assert (found.address, found.is_known) == ("203.0.113.9", True)
    assert found.because == "It came from 203.0.113.9 to 10.0.0.2, a server of ours, as its Received field says."


def test_origin__what_a_stranger_wrote__is_not_read():
    """A stranger may claim that its message came from a server of ours, or from one that is on an allow list."""
    header = hop("203.0.113.9") + hop("10.0.0.3") + hop("198.51.100.1")
    assert origin(header, "10.0.0.1", is_internal).address == "203.0.113.9"


SIGNED_IN = (
    "from laptop (home [203.0.113.9])\r\n\t(Authenticated sender: alice)\r\n\tby edge (Postfix) with ESMTP id 1",
    "from laptop (home [203.0.113.9])\r\n\tby edge (Postfix) with ESMTPSA id 1",
    "from [203.0.113.9] (helo=laptop) by edge with esmtpa (Exim 4.97) id 1",
    "from x ([203.0.113.9])\r\n\tby r (Mailconsole) with UTF8SMTPSA\r\n\t(version=TLSv1.3) id 1",
    "from laptop (unknown) by edge (8.17/8.17) via TCP with LMTPA id 1",
)
STRANGER = (
    'from x (x [203.0.113.9]) by edge (Postfix) with ESMTPS id 1 for <"with ESMTPSA "@acme.example>',
    "from ESMTPSA (with ESMTPSA [203.0.113.9]) by edge (with ESMTPA id) with ESMTP id 1",
    "from x (ident=Authenticated sender: alice [203.0.113.9]) by edge with ESMTP (Authenticated sender: alice) id 1",
    "from x (x [203.0.113.9]) by edge with ESMTPSAX id 1; with ESMTPSA",
    "from x (x [203.0.113.9]) by edge id 1",
)


@pytest.mark.parametrize("said", SIGNED_IN)
def test_origin__of_one_who_signed_in_at_a_server_of_ours__is_no_stranger(said):
    found = origin(hop("10.0.0.2") + field(said) + hop("198.51.100.1"), "10.0.0.1", is_internal)
    assert (found.address, found.is_known) == ("", True)
    assert found.because == "It was handed in at 10.0.0.2 by somebody who signed in."


@pytest.mark.parametrize("said", STRANGER)
def test_origin__of_a_stranger_who_only_says_so__is_theirs(said):
    assert "signed in" not in origin(field(said) + field(SIGNED_IN[0]), "10.0.0.1", is_internal).because


def test_origin__server_of_ours_that_signed_in_at_another__is_whoever_it_had_the_message_from():
    inside = field("from hub (hub [10.0.0.2]) by edge (Postfix) with ESMTPSA id 1")
    assert origin(inside + hop("203.0.113.9"), "10.0.0.1", is_internal).address == "203.0.113.9"


def test_origin__of_a_message_that_began_inside_or_says_nothing_readable__is_none():
    inside = origin(hop("10.0.0.2"), "10.0.0.1", is_internal)
    assert (inside.address, inside.because) == ("", "It began at 10.0.0.2, a server of ours.")
    assert origin(b"Subject: x\r\n", "10.0.0.1", is_internal).because == "It began at 10.0.0.1, a server of ours."
    odd = origin(field("by edge id 1") + hop("203.0.113.9"), "10.0.0.1", is_internal)
    assert (odd.address, odd.is_known) == ("", False)


def test_origin__hostile_header__costs_little_and_never_more_fields_than_a_loop_has():
    header = field("from x (" * 100_000) + hop("203.0.113.9")
    assert origin(header, "10.0.0.1", is_internal).address == ""
    assert origin(hop("10.0.0.2") * 5000 + hop("203.0.113.9"), "10.0.0.1", is_internal).address == ""
