"""Lists in another order: by any column, numbers as numbers, kept while one filters and turns pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes import recorded
from tests.mailconsole.mailflow.test_long_lists import POLICIES, RULES, publish
from tests.support.factories import create_editor, create_viewer, signed_in

pytestmark = pytest.mark.django_db
POLICY_LIST = "mailflow:relay-policy-list"
SOME = [POLICIES[n] | {"name": f"Policy {n}", "owner": f"Team {20 - n}"} for n in (1, 2, 10)]


def shown(said: dict[str, str], name: str = POLICY_LIST) -> list[str]:
    page = signed_in(create_viewer()).get(reverse(name), said).content.decode()
    return re.findall(r'class="mc-first" href="[^"]*">([^<]*)<', page)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", ["Policy 1", "Policy 2", "Policy 10"]),
        ("-name", ["Policy 10", "Policy 2", "Policy 1"]),
        ("3", ["Policy 10", "Policy 2", "Policy 1"]),
        ("nonsense", ["Policy 1", "Policy 2", "Policy 10"]),
        ("99", ["Policy 1", "Policy 2", "Policy 10"]),
    ],
)
def test_list__asked_for_an_order__has_it(sort, names):
    publish(relay_policies=SOME)
    assert shown({"sort": sort}) == names


def test_list__entries_of_an_ip_list__are_in_the_order_of_their_numbers():
    publish(ip_block_list=[{"network": one} for one in ("10.10.0.1", "10.2.0.0/16", "9.0.0.1")])
    assert shown({}, "mailflow:ip-block-entry-list") == ["9.0.0.1", "10.2.0.0/16", "10.10.0.1"]


def test_list__by_hits__has_those_that_were_never_needed_first_or_last(monkeypatch):
    publish(relay_policies=SOME)
    now = timezone.now()
    uses = {"p1": recorded.Use(5, 5, now), "p10": recorded.Use(7, 9, now)}
    monkeypatch.setitem(recorded._plugged, "uses", lambda *_, now: recorded.ObjectUses(now, uses))
    assert shown({"sort": "hits"}) == ["Policy 2", "Policy 1", "Policy 10"]
    assert shown({"sort": "-hits"}) == ["Policy 10", "Policy 1", "Policy 2"]


def test_list__by_state__has_those_without_effect_together():
    over = (timezone.now() - timedelta(days=1)).isoformat()
    publish(relay_policies=[SOME[0], SOME[1] | {"expires_at": over}, SOME[2]])
    assert shown({"sort": "state"})[0] == "Policy 2"


def test_list__in_an_order__keeps_it_in_pages_and_in_the_filter_and_says_so():
    publish(relay_policies=POLICIES)
    page = signed_in(create_viewer()).get(reverse(POLICY_LIST), {"sort": "-name", "q": "policy"}).content.decode()
    assert 'aria-sort="descending"' in page
    assert '<input type="hidden" name="sort" value="-name" form="filters">' in page
    assert "?sort=-name&amp;q=policy&amp;page=2" in page
    assert "?sort=name&amp;q=policy" in page


def test_list__of_rules_in_another_order__moves_nothing():
    publish(mail_flow_rules=RULES[:3])
    client = signed_in(create_editor())
    assert "Move up" in client.get(reverse("mailflow:mail-flow-rule-list")).content.decode()
    assert "Move up" not in client.get(reverse("mailflow:mail-flow-rule-list"), {"sort": "-0"}).content.decode()
