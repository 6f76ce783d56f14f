"""What a page says of a host that DNS does not know, does not answer about, or knows as an exchanger only."""

import time

import pytest

from mailconsole.common import names
from tests.support.pace import at_pace


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_why_unresolved__an_address__asks_nobody(system_names, host):
    assert names.why_unresolved(host) == ""
    assert not system_names.asked


@pytest.mark.parametrize(
    "record", ["A 192.0.2.1", "AAAA 2001:db8::1", "MX 10 mx.example."], ids=lambda record: record.split()[0]
)
def test_why_unresolved__any_record_that_leads_somewhere__is_enough(system_names, record):
    system_names.zone["mail.example", record.split()[0]] = f"mail.example. 60 IN {record}"
    assert names.why_unresolved("mail.example") == ""


def test_why_unresolved__unknown_or_empty_name__is_told_apart(system_names):
    system_names.zone["empty.example", "TXT"] = "empty.example. 60 IN TXT nothing"
    assert names.why_unresolved("typo.example") == "typo.example cannot be resolved: DNS knows no such name."
    assert names.why_unresolved("empty.example").endswith("DNS has no address for it.")
    assert "The hosts file is not asked" in names.why_unresolved("localhost")


def test_why_unresolved__no_answer__ends_soon(system_names, monkeypatch):
    monkeypatch.setattr(names, "PATIENCE_S", 0.3)
    began = time.monotonic()
    assert "DNS did not answer" in names.why_unresolved("host.mute")
    assert time.monotonic() - began < at_pace(2)
