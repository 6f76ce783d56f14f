"""Whatever is asked, of whichever role or token: an answer or a refusal at its field, never an error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from mailconsole.accounts.roles import Role
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import publish_policy
from tests.mailconsole.tools.test_explain_hidden import ASK, BOSS, plug
from tests.support.factories import create_administrator, create_viewer, signed_in

pytestmark = pytest.mark.django_db
ASKED = {"peer": "10.1.2.3", "binding": "smtp", "sender": "a@x.example", "recipient": "b@y.example"}
OFFICE: dict[str, Any] = {"networks": ["10.1.0.0/16"], "time_windows": ["Mon-Fri 08:00-18:00"],
                          "timezone": "Pacific/Kiritimati", "sender_addresses": []}  # fmt: skip


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59:59"])
def test_time_that_no_zone_can_tell__is_refused_at_its_field(at):
    publish_policy(**OFFICE)
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {"at": at})
    assert list(page.context["form"].errors) == ["at"]
    assert Api(create_viewer())("POST", "/explain", ASKED | {"at": f"{at}+00:00"}).status_code == 422
    with pytest.raises(CommandError, match="give a time from 1970-01-02"):
        call_command("config", "explain", "--peer", "10.1.2.3", "--to", "b@y.example", "--at", at)


@pytest.mark.parametrize("against", ["9" * 5000, "9" * 30, "²", "-1", "0"])
def test_compared_with_a_revision_that_is_none__shows_the_page(against):
    publish_policy(**OFFICE)
    page = signed_in(create_viewer()).get(reverse("changes:revision", args=[1]), {"against": against})
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("helo", "\x00"), ("sender", "a@x\x00.example"), ("identity", "\x00"), ("header", "\x00\r\n\r\nX"),
     ("under", "c999999999"), ("under", "r" + "9" * 11), ("recipient", "<>"), ("recipient", '"'),
     ("peer", "fe80::1%eth0"), ("binding", "x\x00"), ("size_bytes", 10**30)],
)  # fmt: skip
def test_hostile_value__is_answered_or_refused(field, value):
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {field: value})
    said = Api(create_viewer())("POST", "/explain", ASKED | {field: value})
    assert page.status_code == 200 and said.status_code in (200, 404, 422)


def test_peer_of_a_dual_stack_socket__is_the_ipv4_client():
    publish_policy(networks=["10.1.0.0/16"], sender_addresses=[], recipient_addresses=[])
    said = Api(create_viewer())("POST", "/explain", ASKED | {"peer": "::ffff:10.1.2.3"}).json()
    assert said["action"] == "accept" and "Serves 10.1.2.3." in str(said["trail"])


def test_administrators_token_for_viewing__is_not_told_what_administrators_are(monkeypatch):
    plug(monkeypatch, "mole@contoso.com")
    asked, administrator = ASK | {"recipient": BOSS}, create_administrator()
    assert Api(administrator, Role.VIEWER)("POST", "/explain", asked).json()["action"] == "untold"
    assert Api(administrator, Role.ADMINISTRATOR)("POST", "/explain", asked).json()["action"] == "accept"
