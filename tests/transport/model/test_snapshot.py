"""A node's snapshot travels as JSON and comes back as it was."""

from tests.support.snapshots import node, queue
from transport.model.certificate import PresentedCertificate
from transport.model.limit import Limit, LimitCount
from transport.model.snapshot import NodeSnapshot


def test_snapshot__with_everything__comes_back_equal():
    snapshot = node(
        "transport-1",
        queue(),
        limits=(LimitCount("default", Limit.HOP_COUNT, 3, 5.0),),
        certificates=(PresentedCertificate("default", "own", ("a", "b"), "CN=CA", 9.0, True, "It expired."),),
    )
    assert NodeSnapshot.from_json(snapshot.to_json()) == snapshot
