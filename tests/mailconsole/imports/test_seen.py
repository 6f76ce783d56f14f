"""Clients that were seen: addresses joined only where nothing is added, networks suggested."""

from __future__ import annotations

import pytest

from mailconsole.imports.exchange.protocol_log import BadLog, read_logs
from mailconsole.imports.seen import SeenClient, aggregated, candidates
from tests.mailconsole.imports.kit import source


def test_aggregate__few_addresses__stay_exact_and_their_network_is_suggested():
    exact, suggested = aggregated(["10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.9", "10.7.0.1"])
    assert exact == ("10.1.2.3", "10.1.2.4/31", "10.1.2.9", "10.7.0.1")
    assert suggested == ("10.1.2.0/24",)


def test_aggregate__too_many_to_list__are_their_network():
    exact, suggested = aggregated([f"10.1.2.{number}" for number in range(1, 200, 2)] + ["10.9.0.1"])
    assert exact == ("10.1.2.0/24", "10.9.0.1") and suggested == ("10.1.2.0/24",)


def test_candidates__only_to_our_own_domains__are_none():
    client = SeenClient("in", "10.1.2.3")
    client.accepted("a@contoso.com", "b@sub.contoso.com")
    assert not candidates([client], ours=["contoso.com", "*.contoso.com"])
    assert candidates([client], ours=["contoso.com"])[0].sender_domains == ("contoso.com",)


def test_log__pipelined_and_refused__counts_each_reply_for_its_command():
    clients = {client.peer: client for client in read_logs([source("RECV2026112010-1.LOG").text])}
    scanner, erp, spam = (clients[peer] for peer in ("10.1.2.3", "10.9.9.9", "2001:db8::7"))
    assert dict(scanner.recipient_domains) == {"partner.example": 1} and dict(scanner.sender_domains) == {
        "contoso.com": 1
    }
    assert (erp.tls_sessions, dict(erp.identities)) == (1, {"CONTOSO\\svc-erp": 1})
    assert not spam.recipient_domains and next(iter(spam.refusals)).startswith("550 5.7.54")
    assert scanner.last_at == "2026-11-20T10:00:00.013Z"


@pytest.mark.parametrize("verb", ["DATA", "BDAT 10 LAST"])
def test_log__message_refused_after_its_recipients__relayed_nothing(verb: str):
    log = source("RECV2026112010-1.LOG").text.replace("DATA", verb)
    log = log.replace("250 2.6.0 <1@contoso.com> [InternalId=1]", "550 5.7.60 Client may not send as this sender")
    scanner = next(client for client in read_logs([log]) if client.peer == "10.1.2.3")
    assert not scanner.recipient_domains and not scanner.sender_domains
    assert next(iter(scanner.refusals)).startswith("550 5.7.60")


def test_candidates__who_sign_in_as_others__are_not_one():
    first, second = (SeenClient("in", f"10.1.2.{number}", sessions=1) for number in (3, 4))
    for client, name in ((first, "erp"), (second, "crm")):
        client.accepted("a@contoso.com", "b@partner.example")
        client.identities[name] += 1
    assert [one.identities for one in candidates([first, second], ours=[])] == [("erp",), ("crm",)]


def test_log__that_is_no_csv__is_told():
    log = source("RECV2026112010-1.LOG").text
    with pytest.raises(BadLog, match="no CSV"):
        read_logs([f'{log}\n"{"x" * 200_000}"'])


def test_log__session_that_goes_on_in_the_next_file__is_one():
    text = source("RECV2026112010-1.LOG").text
    head, tail = text[: text.index("2026-11-20T11:00:00.005Z")], text[text.index("2026-11-20T11:00:00.005Z") :]
    fields = next(line for line in text.splitlines() if line.startswith("#Fields"))
    clients = {client.peer: client for client in read_logs([head, f"{fields}\n{tail}"])}
    assert clients["10.9.9.9"].sessions == 1 and dict(clients["10.9.9.9"].recipient_domains) == {"customer.example": 1}
