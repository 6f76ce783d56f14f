"""What nodes say of themselves is kept; the last word counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailconsole.nodes.models import Activation, ActivationState, Node
from mailconsole.nodes.services import known_nodes, register_heartbeat, report_activation

pytestmark = pytest.mark.django_db


def heartbeat(**said):
    plain = {
        "node": "transport-1",
        "pid": 42,
        "host": "relay",
        "started_at": timezone.now(),
        "revision": 1,
        "listening": ["127.0.0.1:2525"],
        "is_accepting": True,
    }
    return register_heartbeat(**plain | said)


def test_register_heartbeat__again__replaces_what_was_said():
    heartbeat()
    heartbeat(revision=2, is_accepting=False, why_not="The disk is full.")

    node = Node.objects.get()
    assert (node.running_revision, node.is_accepting, node.why_not) == (2, False, "The disk is full.")
    assert node.worker == "transport-1@relay"


def test_node__silent_for_long__is_lost_and_later_forgotten():
    now = timezone.now()
    node = heartbeat(now=now)

    assert not node.is_lost(now + timedelta(seconds=10))
    assert node.is_lost(now + timedelta(seconds=20))
    assert known_nodes(now + timedelta(days=1)) == [node]
    assert known_nodes(now + timedelta(days=8)) == []


def test_report_activation__refused_then_active__the_last_counts():
    report_activation(node="transport-1", revision=3, state="refused", error="port taken")
    report_activation(node="transport-1", revision=3, state=ActivationState.ACTIVE)

    activation = Activation.objects.get()
    assert (activation.state, activation.error) == (ActivationState.ACTIVE, "")


def test_report_activation__unknown_state__is_refused():
    with pytest.raises(ValueError, match="perhaps"):
        report_activation(node="transport-1", revision=3, state="perhaps")
