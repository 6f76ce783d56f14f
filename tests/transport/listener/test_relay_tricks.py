"""Open relay tricks: what looks like an address of ours and is another's goes nowhere; what is ours stays ours."""

import pytest

START = "MAIL FROM:<a@x.example> SMTPUTF8"


@pytest.mark.parametrize("path", [
    "<victim%evil.example@relay.test>", "<@acme.example:victim@evil.example>",
    "<@acme.example,@b.example:v@evil.example>",
    "<victim@evil.example@acme.example>", "<victim@evil.example>", "<victim@[127.0.0.1]>", "<victim@[198.51.100.1]>",
    "<victim@[IPv6:::1]>", "<victim@127.0.0.1>", "<victim@acme.example.evil.example>",
    "<victim@evil.example\x00@acme.example>",
    "<victim@evil.example\x00.acme.example>", "<victim@\u0430cme.example>", "<victim@\uff41cme.example>",
    "<victim@acme\u3002example>", "<victim@acme.example\u200b>", "<victim@xn--cme-8cd.example>",
    "<victim@evilacme.example>",
    '<"victim"@evil.example>', '<"a"b@acme.example>', "<victim@evil.example> <b@acme.example>",
    "victim@evil.example",
    "<victim@acme_example>", "<victim@.acme.example>", "<victim@acme..example>",
    "<b@acme.example>:<victim@evil.example>",
])  # fmt: skip
def test_rcpt__another_domain_in_disguise__is_refused(server, path):
    with server.greeted() as client:
        assert client.command(START).code == 250
        assert client.command(f"RCPT TO:{path}").code in (500, 501, 550, 553), path


@pytest.mark.parametrize("path", [
    '<"victim@evil.example"@acme.example>', "<victim%evil.example@acme.example>", "<evil.example!victim@acme.example>",
    '<"<victim@evil.example>"@acme.example>', "<victim@ACME.example>", "<@evil.example:victim@acme.example>",
])  # fmt: skip
def test_rcpt__another_address_in_the_local_part__stays_in_our_domain(server, path):
    with server.greeted() as client:
        client.send_bytes(f"MAIL FROM:<>\r\nRCPT TO:{path}\r\nDATA\r\nx\r\n.\r\n".encode())
        assert [client.expect_reply().code for _ in range(4)] == [250, 250, 354, 250]
    assert [one.address.domain for one in server.intake.messages[-1].recipients] == ["acme.example"]
