"""The story of the product in three browsers: mail that was refused becomes mail that is relayed, because a second
person approved a relay policy. What follows in operation is test_story_operations.py; `kill -9` under load, the last
step, is test_kill_under_load.py.
"""

import re
from datetime import datetime

import pytest
from playwright.sync_api import expect

from tests.support.product_people import Person
from tests.support.story import CLIENT, HELO, OURS, OUTSIDE, SCAN, SCANNER, Story

TITLE = "Let 127.0.0.2 relay to partner.example"
REMOTE = "250 2.6.0 The world has it"


@pytest.mark.needs("swaks")
def test_story__a_refused_client_relays_after_a_review(story: Story):
    editor, reviewer = set_up(story)
    be_refused(story)
    story.erin.sign_in_first("erin", editor)
    story.rudi.sign_in_first("rudi", reviewer)
    change = draft_from_the_refusal(story.erin)
    submit(story.erin)
    try_to_approve_ones_own(story.erin, change)
    review(story.rudi)
    publish(story.rudi)
    relay_and_watch(story)
    read_the_timeline(story.admin)


def set_up(story: Story) -> tuple[str, str]:
    """Step 2; returns the one-time passwords of erin, an editor, and of rudi, a reviewer."""
    admin = story.admin
    admin.sign_in(*story.product.administrator)
    admin.page.wait_for_url("**/setup/domain/")
    admin.fill("Accepted domain", "contoso.example")
    admin.fill("Next hop", f"127.0.0.1:{story.mailboxes.port}")
    admin.press("Go on")
    admin.page.get_by_label("Through a smart host").check()
    admin.fill("Smart host", f"127.0.0.1:{story.world.port}")
    admin.press("Publish")
    editor = add_colleague(admin, "editor", "erin")
    reviewer = add_colleague(admin, "reviewer", "rudi")
    admin.follow("Finish")
    expect(admin.page.get_by_role("heading", name="Mail flows")).to_be_visible()
    return editor, reviewer


def add_colleague(admin: Person, role: str, name: str) -> str:
    form = admin.page.locator("form.mc-panel").filter(has=admin.button(f"Add the {role}"))
    form.get_by_label("User name").fill(name)
    form.get_by_label("Full name").fill(name.capitalize())
    admin.press(f"Add the {role}")
    expect(admin.page.locator(".mc-note")).to_contain_text(name.capitalize())
    return admin.page.locator("[data-once]").inner_text()


def be_refused(story: Story) -> None:
    """Step 3, and the Overview tells of it by itself."""
    story.product.wait_for_revision()
    overview = story.admin.watch("/")
    refused = story.swaks(OUTSIDE)
    assert "550 5.7.1 " in refused.output and not refused.is_accepted
    overview.shows("[data-live=top-refusals]", "550 5.7.1", since=refused.at, within_s=2)
    taken = story.swaks(OURS)
    assert taken.is_accepted, taken.output
    overview.shows("[data-live-key=delivered] .mc-stat-value", re.compile("[1-9]"), since=taken.at, within_s=2)
    assert story.mailboxes.wait_for(1)[0].rcpt_to == (OURS,)
    assert story.world.received == []


def draft_from_the_refusal(erin: Person) -> str:
    """Steps 3 and 4: who, what and why, and the button that fills in the form; returns the change's number."""
    erin.open("/messages/refusals/")
    erin.sees(CLIENT, OUTSIDE, "550 5.7.1", "no relay policy")
    erin.follow(CLIENT)
    erin.sees("They were told", HELO, SCANNER, OUTSIDE)
    erin.follow("Draft a relay policy from this")
    filled = {"Name": TITLE, "Networks": CLIENT, "Sender addresses": "contoso.example", "Owner": "Erin"}
    filled |= {"Recipient addresses": "partner.example"}
    for label, value in filled.items():
        expect(erin.field(label)).to_have_value(value)
    for label in ("Purpose", "Expires at"):
        expect(erin.field(label)).not_to_have_value("")
    erin.fill("Purpose", "The scanner in the copy room sends to our partner")
    erin.press("Stage in draft")
    erin.page.wait_for_url("**/changes/*/")
    return erin.page.url.rstrip("/").rpartition("/")[2]


def submit(erin: Person) -> None:
    erin.sees(TITLE, "Impact on recent traffic")
    erin.press("Submit for review")
    erin.sees("It waits for a reviewer", "nobody approves their own change")


def try_to_approve_ones_own(erin: Person, change: str) -> None:
    """Step 4: by page, by forged POST and by API."""
    digest = erin.page.locator("dt:text-is('Digest') + dd").inner_text().split()[0]
    expect(erin.button("Approve")).to_have_count(0)
    forged = erin.forge(f"/changes/{change}/approve/", digest=digest)
    assert "approve" in forged.text() and "Approved. It takes effect" not in forged.text()
    refused = erin.call_api(f"/api/v1/changes/{change}/approve", {"digest": digest})
    assert refused.status == 403, refused.text()
    erin.open(f"/changes/{change}/")
    erin.sees("In review")


def review(rudi: Person) -> None:
    """Step 5: the difference in words, the impact on what was refused, a comment, the approval."""
    rudi.open("/changes/list/review/")
    rudi.follow(TITLE)
    expect(rudi.page.locator(".mc-diff")).to_contain_text(f"is new: admits {CLIENT}")
    rudi.sees(re.compile(r"1 of \d+ recorded attempts"))
    row = rudi.page.get_by_role("region", name="Impact").get_by_role("row").filter(has_text=CLIENT).first
    expect(row).to_contain_text(re.compile(r"Verdict\s*refuse.*550 5\.7\.1 .*accepted\s*1"))
    rudi.fill("Comment", "The copy room asked me about it")
    rudi.press("Comment")
    rudi.sees("Rudi commented", "The copy room asked me about it")
    rudi.press("Approve")
    rudi.sees("Approved. It takes effect")


def publish(rudi: Person) -> None:
    """Step 5: every node runs it within two seconds, by the clock of who recorded both."""
    rudi.press("Publish")
    rudi.sees("Published as revision 3", "Active")
    revision, nodes = rudi.read_api("/api/v1/revisions/3"), rudi.read_api("/api/v1/nodes")
    assert len(nodes) > 0
    for node in nodes:
        assert node["last_activation"]["state"] == "active" and node["running_revision"] == 3, node
        took = datetime.fromisoformat(node["last_activation"]["at"]) - datetime.fromisoformat(revision["created_at"])
        assert took.total_seconds() <= 2, f"{node['name']} runs revision 3 after {took}"


def relay_and_watch(story: Story) -> None:
    """Steps 6 and 7: the same mail is taken, arrives as it was sent, and stands on the pages without a reload."""
    story.world.reply("dot", REMOTE)
    queues, overview = story.admin.watch("/queues/"), story.rudi.watch("/")
    taken = story.swaks(OUTSIDE)
    assert taken.is_accepted, taken.output
    queues.shows("[data-live=queues]", REMOTE, since=taken.at, within_s=2)
    overview.shows("[data-live-key=accepted] .mc-stat-value", re.compile("[1-9]"), since=taken.at, within_s=2)
    arrived = story.world.wait_for(1)[0]
    assert (arrived.mail_from, arrived.rcpt_to) == (SCANNER, (OUTSIDE,))
    trace, _, message = arrived.data.partition(SCAN[:10])
    assert SCAN[:10] + message == SCAN
    assert trace.startswith(b"Received: from scanner.contoso.example") and trace.count(b"Received:") == 1


def read_the_timeline(admin: Person) -> None:
    """Step 7: received, which rules decided, resolved, routed, delivered, with the remote's own reply."""
    admin.find(f"/messages/?recipient={OUTSIDE}", "A scan")
    steps = admin.page.locator(".mc-timeline > li")
    expect(steps.filter(has_text="Received")).to_contain_text(re.compile(rf"{TITLE}.*Yes|Yes.*{TITLE}", re.S))
    expect(steps.filter(has_text="Routed")).to_contain_text("Chosen")
    expect(steps.filter(has_text="Delivered")).to_contain_text(REMOTE)
