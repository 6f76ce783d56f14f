"""Explain asks the lists in DNS that a node would ask, about whom it would ask, and says what was not asked."""

from __future__ import annotations

import json
import time

import pytest
from django.core.management import call_command
from django.urls import reverse

from mailconsole.changes.services import list_answers, under
from tests.mailconsole.api.test_api import Api
from tests.support.factories import create_viewer, signed_in
from tests.support.pace import at_pace
from transport.config.document import MailFlow

pytestmark = pytest.mark.django_db
BL = {"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True, "rejection_response": "%0 no"}
ASKED = {"peer": "9.9.9.9", "binding": "smtp", "sender": "a@x.example", "recipient": "b@contoso.com"}
LISTED = {("9.9.9.9.bl.example", "A"): "9.9.9.9.bl.example. 60 IN A 127.0.0.2"}


def flow(*blocks, **more):
    return MailFlow.model_validate(
        {"accepted_domains": [{"id": "c", "name": "C", "domain": "contoso.com", "domain_type": "InternalRelay"}],
         "receive_connectors": [{"id": "d", "name": "D", "bindings": ["smtp"]}],
         "ip_block_list_providers": list(blocks), **more}
    )  # fmt: skip


@pytest.fixture
def configured(monkeypatch, system_names):
    """The configuration in effect, and a name server that lists 9.9.9.9."""
    system_names.zone |= LISTED

    def configure(document):
        monkeypatch.setattr(under, "load_document", lambda head: document)
        return system_names

    return configure


def asked_on_page(**more):
    return signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | more).context["explanation"].verdict


def test_page__listed_client__is_refused_with_the_code_in_the_trail(configured):
    names = configured(flow(BL))
    verdict = asked_on_page()
    assert str(verdict.reply) == "550 5.7.1 9.9.9.9 no"
    assert verdict.trail[-1].because == "bl.example lists the client (127.0.0.2)."
    assert [name for name, _, _ in names.asked] == ["9.9.9.9.bl.example"]


@pytest.mark.parametrize(
    ("asked", "more"),
    [({"peer": "10.1.2.3"}, {}), ({"identity": "anna"}, {}), ({}, {"ip_allow_list": [{"network": "9.9.9.0/24"}]}),
     ({"lists": "no"}, {}), ({"recipient": ""}, {})],
)  # fmt: skip
def test_page__client_of_whom_no_node_asks__is_asked_about_nobody(configured, asked, more):
    names = configured(flow(BL, **more))
    assert asked_on_page(**asked).is_accepted and not names.asked


def test_page__told_not_to_ask__says_so_in_the_trail(configured):
    configured(flow(BL | {"if_unavailable": "defer"}))
    last = asked_on_page(lists="no").trail[-1]
    assert (last.name, last.answer, last.because) == ("BL", "cannot_tell", "bl.example was not asked.")


@pytest.mark.parametrize(("setting", "is_accepted"), [("accept", True), ("defer", False)])
def test_page__list_that_does_not_answer__is_told_within_a_bounded_time(configured, monkeypatch, setting, is_accepted):
    monkeypatch.setattr(list_answers, "WAIT_S", 0.3)
    configured(flow(*(BL | {"id": f"b{n}", "name": f"B{n}", "lookup_domain": "b.mute", "if_unavailable": setting}
                      for n in range(20))))  # fmt: skip
    began = time.monotonic()
    verdict = asked_on_page()
    assert time.monotonic() - began < at_pace(2.5)
    assert verdict.is_accepted is is_accepted and "b.mute can't be asked" in verdict.trail[-1].because


def test_http__asks_only_where_told_to(configured):
    names, api = configured(flow(BL)), Api(create_viewer())
    said = api("POST", "/explain", ASKED).json()
    assert (said["action"], said["trail"][-1][4], names.asked) == ("accept", "bl.example was not asked.", [])
    assert api("POST", "/explain", ASKED | {"ask_lists": True}).json()["reply"] == "550 5.7.1 9.9.9.9 no"


@pytest.mark.parametrize(
    ("options", "is_asked"),
    [([], True), (["--json"], False), (["--json", "--ask-lists"], True), (["--no-ask-lists"], False)],
)
def test_command__asks_for_people_and_not_for_programs(configured, capsys, options, is_asked):
    names = configured(flow(BL))
    call_command("config", "explain", "--peer", ASKED["peer"], "--to", ASKED["recipient"], *options)
    out = capsys.readouterr().out
    assert bool(names.asked) is is_asked
    assert ("550 5.7.1 9.9.9.9 no" in out) is is_asked and ("was not asked" in out) is not is_asked
    assert "--json" not in options or json.loads(out)
