"""A real listener refuses automatic mail to a domain that gets none; all else is taken."""

from __future__ import annotations

from tests.support.listener import connector, mail_flow, running

POLICY = {"id": "p", "name": "P", "networks": ["127.0.0.0/8"], "owner": "o", "purpose": "p", "is_broad_override": True}
REMOTE = {"id": "b", "name": "B", "domain": "b.example", "is_auto_reply_enabled": False}


def test_auto_reply__to_a_domain_that_gets_none__is_refused_and_told(loop):
    flow = mail_flow(connector(), relay_policies=(POLICY,), remote_domains=(REMOTE,))
    away, plain = b"Auto-Submitted: auto-replied\r\n\r\naway\r\n", b"Subject: hello\r\n\r\nhello\r\n"
    with running(flow, loop=loop) as server:
        assert server.send("a@acme.example", "x@b.example", away).replies[-1].code == 550
        assert server.send("a@acme.example", "x@b.example", plain).is_accepted
        assert server.send("a@acme.example", "x@c.example", away).is_accepted
        assert server.refusals[0].detail["trail"][0][:2] == ["remote_domains", "b"]
