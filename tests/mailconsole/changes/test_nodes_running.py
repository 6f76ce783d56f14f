"""Under History: what each node runs, since when, and why not the newest. Published is not running (law 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.views.running import nodes_running
from mailconsole.nodes.models import Activation, ActivationState, Node
from mailconsole.nodes.services import report_activation
from tests.mailconsole.changes.kit import publish_policy
from tests.support.factories import create_viewer, signed_in

pytestmark = pytest.mark.django_db


def node(name: str, revision: int, *, silent: bool = False) -> Node:
    heard = timezone.now() - timedelta(minutes=1 if silent else 0)
    found, _ = Node.objects.update_or_create(name=name, defaults={"running_revision": revision, "heartbeat_at": heard})
    report_activation(node=name, revision=revision, state=ActivationState.ACTIVE)
    return found


def told() -> dict[str, tuple[int | None, str, str]]:
    return {one.node: (one.number, one.word, one.why) for one in nodes_running(head_revision(), now=timezone.now())}


def test_nodes_running__newest_behind_refused_and_silent__are_told_apart():
    publish_policy()
    node("a", 2)
    node("b", 1)
    node("c", 1)
    report_activation(node="c", revision=2, state=ActivationState.REFUSED, error="No certificate <b>.")
    node("d", 2, silent=True)
    found = told()
    assert found["a"] == (2, "Newest", "") and found["b"] == (1, "Behind", "Revision 2 is published.")
    assert found["c"] == (1, "Refused 2", "No certificate <b>.") and found["d"][:2] == (2, "Silent")


def test_nodes_running__of_long_ago__are_left_out():
    publish_policy()
    node("gone", 1)
    Node.objects.update(heartbeat_at=timezone.now() - timedelta(days=8))
    assert told() == {}


def test_history__shows_it_and_asks_again_while_a_node_is_behind():
    publish_policy()
    node("b", 1)
    browser, url = signed_in(create_viewer()), reverse("changes:history")
    page = browser.get(url).text
    assert "What nodes run" in page and 'hx-select="#nodes-running"' in page
    report_activation(node="b", revision=2, state=ActivationState.REFUSED, error="No certificate <b>.")
    page = browser.get(url).text
    assert "No certificate &lt;b&gt;." in page and 'hx-select="#nodes-running"' not in page
    since = Activation.objects.get(revision=1).at
    assert nodes_running(head_revision(), now=timezone.now())[0].since == since


def test_revision__that_a_node_no_longer_runs__says_that_it_ran_it():
    publish_policy()
    node("a", 1)
    browser = signed_in(create_viewer())
    assert "The node runs the revision." in browser.get(reverse("changes:revision", args=[1])).text
    node("a", 2)
    page = browser.get(reverse("changes:revision", args=[1])).text
    assert "Ran it" in page and "The node runs the revision." not in page
    assert "The node runs the revision." in browser.get(reverse("changes:revision", args=[2])).text
