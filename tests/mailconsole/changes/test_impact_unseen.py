"""What no replay shows of a change is told, so that nobody takes silence for safety."""

from __future__ import annotations

import pytest

from mailconsole.changes.impact.unseen import _ALL, _SEEN, unseen
from tests.transport.config.documents import SCANNERS, changed, document
from transport.config.document import OBJECT_KINDS
from transport.config.objects import Organization

INTERNET = {"id": "internet", "name": "Internet", "address_spaces": [{"domain": "*"}]}
EDGE = INTERNET | {"id": "edge", "name": "Edge", "source_transport_servers": ["edge-1"]}
RELEASE = {"id": "r", "name": "R", "domain": "r.example"}
REWRITE = {"id": "w", "name": "W", "internal_address": "a.example", "external_address": "b.example"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"relay_policies": [SCANNERS]}, {"relay_policies": [changed(SCANNERS, networks=["10.9.0.0/16"])]}, []),
        ({}, {"relay_policies": [SCANNERS]}, []),
        ({}, {"relay_policies": [changed(SCANNERS, max_messages_per_hour=9)]},
         ["Relay policy Scanners: max messages per hour"]),
        ({"send_connectors": [INTERNET]}, {"send_connectors": [INTERNET | {"tls_level": "EncryptionOnly", "port": 26}]},
         ["Send connector Internet: port, TLS level"]),
        ({"send_connectors": [INTERNET]}, {"send_connectors": [INTERNET, EDGE]}, ["Ways from each node: it is replayed "
         "as if each might use Edge"]),
        ({"send_connectors": [INTERNET, EDGE]}, {"send_connectors": [INTERNET, EDGE], "relay_policies": [SCANNERS]},
         []),
        ({}, {"organization": {"max_recipient_envelope_limit": 1}}, ["Organisation: max recipient envelope limit"]),
        ({}, {"remote_domains": [RELEASE | {"is_auto_reply_enabled": False}]}, ["Remote domain R: "]),
        ({}, {"address_rewriting": [REWRITE]}, ["Address rewrite entry W: as whom mail leaves"]),
        ({"relay_policies": [SCANNERS]}, {"relay_policies": [changed(SCANNERS, comment="x")]}, []),
        ({}, {"reviewer_groups": [{"id": "g", "name": "G", "members": ["x"]}]}, []),
    ],
)  # fmt: skip
def test_unseen__names_what_is_not_replayed_and_nothing_else(before, after, told):
    found = unseen(document(**before), document(**after))
    assert len(found) == len(told) and all(one.startswith(said) for one, said in zip(found, told, strict=True))


def test_unseen__very_many__are_bounded():
    many = [RELEASE | {"id": f"r{n}", "name": f"R{n}", "domain": f"r{n}.example"} for n in range(30)]
    found = unseen(document(), document(remote_domains=many))
    assert (len(found), found[-1]) == (21, "10 more")


def test_seen__names_fields_that_there_are():
    for kind, fields in _SEEN.items():
        if fields is _ALL:
            continue
        model = Organization if kind == "organization" else OBJECT_KINDS[kind]
        assert fields <= set(model.model_fields), kind
