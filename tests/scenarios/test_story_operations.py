"""The story of the product, as it goes on: a next hop that is stopped and started, one that refuses for good."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.support.story import CLIENT, OUTSIDE, SCAN, SCANNER, Story

DOCUMENT = f"""
schema_version: 1
organization: {{{{name: Test, hostname: relay.test, retry_ladder: "8s..."}}}}
receive_connectors:
  - {{{{id: default, name: Default}}}}
accepted_domains:
  - {{{{id: contoso, name: contoso.example, domain: contoso.example, domain_type: InternalRelay}}}}
send_connectors:
  - {{{{id: mailboxes, name: Mailboxes, address_spaces: [{{{{domain: contoso.example}}}}],
     smart_hosts: ["[127.0.0.1]:{{mailboxes}}"]}}}}
  - {{{{id: world, name: World, address_spaces: [{{{{domain: "*"}}}}], smart_hosts: ["[127.0.0.1]:{{world}}"]}}}}
relay_policies:
  - {{{{id: scanner, name: Scanner, networks: [{CLIENT}], owner: Erin, purpose: The scanner in the copy room}}}}
"""


@pytest.fixture
def running(story: Story) -> Story:
    """The story where the scanner may relay already."""
    story.product.apply(DOCUMENT.format(mailboxes=story.mailboxes.port, world=story.world.port))
    story.admin.sign_in(*story.product.administrator)
    return story


@pytest.mark.needs("swaks")
def test_story__next_hop_is_stopped_and_started__mail_waits_says_why_and_goes_out(running: Story):
    queues, overview = running.admin.watch("/queues/"), running.admin.watch("/")
    running.world.stop()
    taken = running.swaks(OUTSIDE)
    assert taken.is_accepted, taken.output
    why = "The next hop cannot be reached. The connection was not made: Connection refused"
    queues.shows("[data-live=queues] tr", re.compile(rf"Retry\s+1.*in \d s.*{why}", re.S), since=taken.at, within_s=2)
    overview.shows(
        "[data-live=queues-waiting] li", re.compile(rf"next try in \d s.*{why}", re.S), since=taken.at, within_s=2
    )
    running.admin.find(f"/messages/?recipient={OUTSIDE}", "A scan")
    running.admin.sees("Connection refused", "Next try was set for", "Or retry it now.", "What happened")
    running.world.start()
    assert running.world.wait_for(1, timeout_s=30)[0].data.endswith(SCAN)
    running.admin.sees("Delivered", "250 2.0.0 ok", "What happened")


@pytest.mark.needs("swaks")
def test_story__next_hop_refuses_for_good__the_sender_gets_a_report(running: Story):
    said = "550 5.1.1 Nobody here is called bob"
    running.world.reply("rcpt", said)
    overview = running.admin.watch("/")
    taken = running.swaks(OUTSIDE)
    assert taken.is_accepted, taken.output
    overview.shows("[data-live=recent-failures]", said, since=taken.at, within_s=2)
    received = running.mailboxes.wait_for(1, timeout_s=30)[0]
    assert (received.mail_from, received.rcpt_to) == ("", (SCANNER,))
    assert_reports(received.data, said)
    running.admin.find(f"/messages/?sender={SCANNER}&status=failed", "A scan")
    running.admin.sees("Failed", said, "Open the notification")


def assert_reports(octets: bytes, said: str) -> None:
    """RFC 3464: what people read, what machines read, and what it is about."""
    report = message_from_bytes(octets, policy=policy.default)
    assert isinstance(report, EmailMessage) and report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    words, status, original = report.iter_parts()
    assert OUTSIDE in words.get_content()
    _, recipient = status.iter_parts()
    assert (recipient["Final-Recipient"], recipient["Action"]) == (f"rfc822; {OUTSIDE}", "failed")
    assert (recipient["Status"], recipient["Diagnostic-Code"]) == ("5.1.1", f"smtp; {said}")
    assert b"Subject: A scan" in original.as_bytes()
