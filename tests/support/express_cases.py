"""Configurations and dialogues for ``test_express``: plain mail among whatever else a peer may say."""

import datetime

from hypothesis import strategies as st

from tests.support.listener import connector, mail_flow
from tests.support.two_ways import START, Step
from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, AddressSpace, HomeServer, RelayPolicy, SendConnector
from transport.ports.recipients import EntryKind, RecipientEntry

ENDS_AT = datetime.datetime.fromtimestamp(START + 100, datetime.UTC)


def policy(name: str = "Test", **fields: object) -> RelayPolicy:
    given = {"networks": ("127.0.0.0/8",), "owner": "o", "purpose": "p", "is_broad_override": True, **fields}
    return RelayPolicy.model_validate({"id": name.lower(), "name": name, **given})


def flow(*policies: RelayPolicy, **fields: object) -> MailFlow:
    """Two ways out, one for large messages none; acme.example is ours, but its directory is never there."""
    out = [
        SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), max_message_size=3000),
        SendConnector(id="b", name="B", address_spaces=(AddressSpace(domain="b.example"),), smart_hosts=("192.0.2.9",)),
    ]
    external = AcceptedDomain(id="ext", name="Ext", domain="ext.example", domain_type="ExternalRelay")
    sections = {"relay_policies": policies, "send_connectors": out, "accepted_domains": (external,)}
    return mail_flow(connector(**{"max_protocol_errors": 0, **fields}), **sections)


def homes() -> MailFlow:
    """acme.example is ours, and mail for two of its home servers has ways of its own."""
    base = flow(policy())
    ours = AcceptedDomain(id="acme", name="Acme", domain="acme.example", domain_type="Authoritative")
    stores = [
        SendConnector(id=id, name=id, home_servers=(HomeServer(server=server),), smart_hosts=("192.0.2.8",))
        for id, server in (("one", "EX01"), ("two", "EX*"))
    ]
    sections = {"accepted_domains": (ours,), "send_connectors": (*base.send_connectors, *stores)}
    return base.model_copy(update=sections)


class HomeOfEach:
    """A directory of acme.example, and where each mailbox is."""

    def __init__(self, **homes: str) -> None:
        self._homes = homes

    def find(self, address: str) -> RecipientEntry | None:
        home = self._homes.get(address.partition("@")[0])
        return None if home is None else RecipientEntry(address, EntryKind.MAILBOX, address, home_server=home)


RULES: list[dict[str, object]] = [
    {"id": "a", "name": "A", "actions": [{"kind": "RejectMessage", "text": "no"}],
     "conditions": [{"kind": "HeaderContainsWords", "header": "Importance", "values": ["high"]}]},
    {"id": "b", "name": "B", "priority": 1, "sender_address_location": "Envelope",
     "conditions": [{"kind": "From", "values": ["a@a.example"]}],
     "actions": [{"kind": "PrependSubject", "text": "[A]"}, {"kind": "BlindCopyTo", "values": ["x@b.example"]}]},
    {"id": "c", "name": "C", "priority": 2, "conditions": [{"kind": "RecipientDomainIs", "values": ["c.example"]}],
     "actions": [{"kind": "DeleteMessage"}]},
]  # fmt: skip


def ruled() -> MailFlow:
    """Mail flow rules look at each message: at its header, at its envelope alone."""
    return MailFlow.model_validate(flow(policy()).model_dump() | {"mail_flow_rules": RULES})


ALLOWED = ({"network": "127.0.0.0/8", "comment": "ours", "expires_at": ENDS_AT},)
REMOTE = {"id": "b", "name": "B", "domain": "b.example", "is_auto_reply_enabled": False}
BLOCK_LIST = {"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True}

FLOWS = {
    "ruled": ruled(),
    "allowed": MailFlow.model_validate(dict(flow(policy()), ip_allow_list=ALLOWED)),
    "remote": MailFlow.model_validate(dict(flow(policy()), remote_domains=(REMOTE,))),
    "lists": MailFlow.model_validate(dict(flow(policy()), ip_block_list_providers=(BLOCK_LIST,))),
    "open": flow(policy()),
    "nobody": flow(),
    "senders": flow(policy("A", sender_addresses=("a.example",)), policy("Z", sender_addresses=("*.c.example",))),
    "strangers": MailFlow.model_validate(
        dict(
            flow(policy("A", sender_addresses=("me@a.example",)), is_authoritative_domain_sender_accepted=False),
            accepted_domains=({"id": "a", "name": "A", "domain": "a.example"},),
        )
    ),
    "sender": flow(policy("A", sender_addresses=("me@a.example",)), policy("Z", sender_addresses=("c.example",))),
    "recipient": flow(policy("A", recipient_addresses=("x@b.example", "c.example"))),
    "recipients": flow(
        policy("A", recipient_addresses=("b.example",)), policy("B", recipient_addresses=("*.d.example",))
    ),
    "sizes": flow(policy("A", max_message_size=1024), policy("B", recipient_addresses=("b.example",))),
    "organization sizes": MailFlow.model_validate(
        dict(
            flow(policy("A", recipient_addresses=("b.example",), is_message_size_limit_bypassed=True), policy("B")),
            organization={"max_send_size": 1024, "max_receive_size": 1536},
        )
    ),
    "ends": flow(policy("A", expires_at=ENDS_AT), policy("B", recipient_addresses=("b.example",))),
    "windows": flow(policy("A", time_windows=("Mon-Fri 08:00-09:00",), timezone="UTC"), policy("B")),
    "rates": flow(policy("A", max_messages_per_hour=2)),
    "limits": flow(
        policy(), max_recipients_per_message=2, max_message_size=2000, max_header_size=1024, max_hop_count=3,
        max_local_hop_count=2, max_protocol_errors=3,
    ),
    "rate_limit": flow(policy(), message_rate_limit_per_min=2),
    "lenient": flow(policy(), is_bare_linefeed_rejected=False, is_smtputf8_enabled=True, is_chunking_enabled=True),
    "plain": flow(policy(), is_eight_bit_mime_enabled=False, is_delivery_status_notification_enabled=False,
                  size_enabled="Disabled", is_reserved_top_level_recipient_domain_rejected=True),
}  # fmt: skip

SENDERS = ["a@a.example", "me@a.example", "You@A.Example", "x@sub.c.example", "", '"a b"@a.example', "ä@a.example"]
RECIPIENTS = ["x@b.example", "y@B.example", "x@c.example", "z@sub.d.example", "q@acme.example", "e@ext.example",
              "Postmaster", "x@b.example.", "x@[192.0.2.1]", "a@@b"]  # fmt: skip
PARAMETERS = ["", " SIZE=500", " SIZE=1500 BODY=8BITMIME", " SIZE=99999999", " BODY=7BIT", " RET=HDRS ENVID=q", " FOO",
              " SMTPUTF8", " BODY=BINARYMIME"]  # fmt: skip
OPTIONS = ["", " NOTIFY=SUCCESS,DELAY", " ORCPT=rfc822;o@b.example", " NOTIFY=NEVER"]
mail = st.builds(lambda verb, who, more: f"{verb}<{who}>{more}".encode(),
                 st.sampled_from(["MAIL FROM:"] * 6 + ["mail from:", "MAIL FROM: "]), st.sampled_from(SENDERS),
                 st.sampled_from(PARAMETERS[:1] * 6 + PARAMETERS))  # fmt: skip
rcpt = st.builds(lambda verb, who, more: f"{verb}<{who}>{more}".encode(),
                 st.sampled_from(["RCPT TO:"] * 6 + ["rcpt to:", "RCPT  TO:"]), st.sampled_from(RECIPIENTS),
                 st.sampled_from(OPTIONS[:1] * 6 + OPTIONS))  # fmt: skip
other = st.sampled_from([b"RSET", b"NOOP", b"EHLO other", b"HELO x", b"DATA", b"data", b"DATA x", b"QUIT", b"",
                         b"FOO\x00", b"BDAT 3 LAST\r\nabc", b"BDAT 2\r\nab", b"x" * 2100,
                         b"MAIL FROM:<a@a.example>\n"])  # fmt: skip
FIELDS = [b"Subject: hello\r\n", b"Subject: =?utf-8?q?Gr=C3=BC?=\r\n\tand more\r\n", b"Message-ID: <1@x>\r\n",
          b"Received: from a\r\n\tby relay.test (Mailconsole) with x\r\n", b"Importance: high\r\n",
          b"TLS-Required: No\r\n", b"X: " + b"y" * 800 + b"\r\n", b"\tfolded into nothing\r\n"]  # fmt: skip
LINES = [b"text\r\n", b"\r\n", b"..dot\r\n", b"caf\xc3\xa9\r\n", b"bare\n", b"bare\rcr\r\n", b"z" * 1500 + b"\r\n"]
message = st.builds(lambda fields, lines: b"".join([*fields, b"\r\n", *lines, b"."]),
                    st.lists(st.sampled_from(FIELDS), max_size=5),
                    st.lists(st.sampled_from(LINES[:1] * 6 + LINES), max_size=3))  # fmt: skip
whole = st.builds(lambda *parts: [parts[0], *parts[1], b"DATA", parts[2]],
                  mail, st.lists(rcpt, min_size=1, max_size=3), message)  # fmt: skip
stray = st.one_of(other, other, mail, rcpt, message).map(lambda line: [line])
said = st.lists(st.integers(0, 9).flatmap(lambda n: whole if n else stray), min_size=1, max_size=6)


@st.composite
def dialogues(draw: st.DrawFn) -> list[Step]:
    """Messages, and odd commands among them, more than once so that they are remembered; cut into writes anywhere."""
    steps: list[Step] = []
    units = draw(said)
    for turn in range(draw(st.integers(1, 3))):
        later, is_new = draw(st.sampled_from([0.0, 0.0, 40.0, 70.0])), draw(st.booleans())
        if is_new or not turn or draw(st.booleans()):
            steps.append(Step(b"EHLO x\r\n", later, is_new))
        gathered = b""
        for line in (line for unit in units for line in unit):
            gathered += line + b"\r\n"
            if draw(st.integers(0, 2)):
                steps.append(Step(gathered))
                gathered = b""
            elif not draw(st.integers(0, 5)):
                cut = draw(st.integers(0, len(gathered)))
                steps.append(Step(gathered[:cut]))
                gathered = gathered[cut:]
        steps.append(Step(gathered))
    return steps
