"""Two revisions side by side, in words and as YAML; and nodes that run something else."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailconsole.changes.models import Revision
from mailconsole.changes.services.compare import OBJECTS_AT_MOST, first_yaml_changes, yaml_changes
from mailconsole.nodes.models import Node
from mailconsole.nodes.snapshots import Live
from mailconsole.overview.live import nodes_of
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import publish_policy
from tests.support.factories import create_viewer, signed_in
from tests.transport.config.documents import SCANNERS, changed, document
from transport.config.diff import diff

pytestmark = pytest.mark.django_db


def test_yaml_changes__show_what_differs_and_little_around_it():
    before, after = document(relay_policies=[SCANNERS]), document(relay_policies=[changed(SCANNERS, owner="IT")])
    (one,) = yaml_changes(diff(before, after))
    assert one.title == "Relay policy Scanners"
    assert "-owner: Facilities" in one.lines and "+owner: IT" in one.lines
    assert len(one.lines) < 10


def test_yaml_changes__of_a_send_connector__name_its_secret_and_never_hold_it():
    connector = {"id": "out", "name": "Out", "address_spaces": [{"domain": "*"}], "smart_hosts": ["mx.example"],
                 "username": "relay", "password_secret": "out.1", "tls_level": "EncryptionOnly"}  # fmt: skip
    (one,) = yaml_changes(diff(document(), document(send_connectors=[connector])))
    assert "+password_secret: out.1" in one.lines


def test_page__against_another_revision__shows_the_yaml():
    publish_policy()
    publish_policy("scanners", owner="<b>IT</b>")
    page = signed_in(create_viewer()).get("/changes/revisions/3/?against=2").content.decode()
    assert "As YAML" in page and "+owner: &lt;b&gt;IT&lt;/b&gt;" in page


def test_api__difference__in_words_and_as_yaml():
    publish_policy()
    publish_policy("scanners", owner="IT")
    api = Api(create_viewer())
    found = api("GET", "/revisions/3/diff?against=1").json()
    assert found["sentences"][0].startswith("Relay policy *Scanners* is new")
    assert "+owner: IT" in found["yaml"][0]["lines"]
    assert "-owner: Facilities" in api("GET", "/revisions/3/diff").json()["yaml"][0]["lines"]
    assert api("GET", "/revisions/1/diff").json() == {"sentences": [], "yaml": [], "yaml_left_out": 0}


def test_first_yaml_changes__two_objects_of_one_title__are_both_told():
    twice = [changed(SCANNERS, id="one"), changed(SCANNERS, id="two")]
    told, left_out = first_yaml_changes(diff(document(), document(relay_policies=twice)))
    assert [(one.title, one.object_id) for one in told] == [("Relay policy Scanners", i) for i in ("one", "two")]
    assert left_out == 0


def test_first_yaml_changes__more_than_are_told_at_once__says_how_many_are_left_out(monkeypatch):
    entries = [{"network": f"192.0.{n // 250}.{n % 250}"} for n in range(1000)]
    changes = diff(document(), document(ip_block_list=entries))
    told, left_out = first_yaml_changes(changes)
    assert (len(told), left_out) == (OBJECTS_AT_MOST, 1000 - OBJECTS_AT_MOST)
    monkeypatch.setattr("mailconsole.changes.services.compare.LINES_AT_MOST", 3 * len(told[0].lines))
    assert len(first_yaml_changes(changes)[0]) == 3


def test_api__difference_with_a_revision_that_is_not_there__is_refused():
    publish_policy()
    api = Api(create_viewer())
    assert api("GET", "/revisions/2/diff?against=9").status_code == 404
    assert api("GET", "/revisions/9/diff").status_code == 404


def test_history__node_that_runs_what_is_none_of_ours__is_told():
    publish_policy()
    now = timezone.now()
    Node.objects.create(name="transport-1", running_revision=2, heartbeat_at=now)
    Node.objects.create(name="transport-2", running_revision=9, heartbeat_at=now)
    page = signed_in(create_viewer()).get("/changes/history/").content.decode()
    assert "transport-2 runs revision 9, which is none of ours." in page and "transport-1 runs" not in page


def test_drift__digest_that_is_not_that_of_its_number__is_told_on_history_overview_and_api():
    publish_policy()
    first, second = Revision.objects.order_by("number")
    now = timezone.now()
    for name, digest in (("good", second.digest), ("old", first.digest), ("strange", "ab" * 32), ("silent", "")):
        Node.objects.create(name=name, running_revision=2, running_digest=digest, heartbeat_at=now)
    viewer = create_viewer()
    page = signed_in(viewer).get("/changes/history/").content.decode()
    assert "old says that it runs revision 2, but what it runs is revision 1." in page
    assert (
        "strange says that it runs revision 2, but what it runs (digest abababababab) is no revision of ours." in page
    )
    assert "good says" not in page and "silent says" not in page
    nodes = {one["name"]: one for one in Api(viewer)("GET", "/nodes").json()}
    assert nodes["old"]["drift"].endswith("is revision 1.") and nodes["old"]["running_digest"] == first.digest
    assert nodes["good"]["drift"] == ""
    rows = {row.name: row.drift for row in nodes_of(Live(False), now)}
    assert rows["good"] == "" and rows["strange"].startswith("says that it runs revision 2")
