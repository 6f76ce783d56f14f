"""A limited role: nothing beyond it is drafted, submitted, approved or published, by no way."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError

from mailconsole.accounts.limits import Limit
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.role_limits import limit_role
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.reach import out_of_reach, reaches
from mailconsole.changes.refusals import NotApproved, OutOfReach
from mailconsole.changes.services.account_password import make_account_password
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.move_end import prolong_change, shorten_change
from mailconsole.changes.services.notices import unread
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.services.schedule_publish import cancel_schedule, schedule_publish
from mailconsole.changes.services.set_expiry import set_expiry
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.take_over import take_over
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.changes.states import ChangeState
from mailconsole.common.secrets import store_secret
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import NOW, create_change, policy, publish_policy, reloaded, stage_policy
from tests.mailconsole.changes.test_config_command import run
from tests.mailconsole.changes.test_end_change import MONDAY, temporary
from tests.support.factories import create_administrator, create_editor, create_operator, create_reviewer, signed_in
from transport.config.diff import ObjectChange

DOMAIN = Limit(("relay_policies",), (), ("contoso.com",))


def limited(person: User, limit: Limit = DOMAIN, role: Role = Role.EDITOR) -> User:
    limit_role(actor=create_administrator(), person=person, role=role, limit=limit)
    return User.objects.get(pk=person.pk)


@pytest.mark.parametrize(
    ("limit", "kind", "value", "is_within"),
    [
        (Limit(("relay_policies",)), "relay_policies", {}, True),
        (Limit(("relay_policies",)), "ip_block_list", {"network": "10.0.0.0/8"}, False),
        (DOMAIN, "relay_policies", {"sender_addresses": ["a@contoso.com", "contoso.com"]}, True),
        (DOMAIN, "relay_policies", {"sender_addresses": ["contoso.com", "other.example"]}, False),
        (DOMAIN, "relay_policies", {"sender_addresses": []}, False),
        (DOMAIN, "relay_policies", {"sender_addresses": ["contoso.com"], "send_as_addresses": ["*"]}, False),
        (DOMAIN, "relay_policies", {"sender_addresses": ["*.contoso.com"]}, False),
        (Limit((), (), ("*.contoso.com",)), "relay_policies", {"sender_addresses": ["*.contoso.com"]}, True),
        (Limit((), (), ("*.contoso.com",)), "accepted_domains", {"domain": "eu.contoso.com"}, True),
        (Limit((), (), ("*.contoso.com",)), "accepted_domains", {"domain": "evilcontoso.com"}, False),
        (Limit((), (), ("contoso.com",)), "remote_domains", {"domain": "contoso.com"}, True),
        (Limit((), (), ("contoso.com",)), "remote_domains", {"domain": "*"}, False),
        (Limit((), (), ("contoso.com",)), "recipients", {"address": "A@Contoso.com", "aliases": []}, True),
        (Limit((), (), ("contoso.com",)), "recipients", {"address": "a@contoso.com", "aliases": ["a@b.c"]}, False),
        (Limit((), (), ("contoso.com",)), "ip_block_list", {"network": "10.0.0.1"}, False),
        (Limit((), (), ("contoso.com",)), "organization", {}, False),
        (Limit((), ("receive/one",)), "receive_connectors", {}, True),
        (Limit((), ("receive/two",)), "receive_connectors", {}, False),
        (Limit((), ("send/one",)), "receive_connectors", {}, False),
        (Limit((), ("receive/one",)), "send_connectors", {}, False),
        (Limit((), ("send/one",)), "send_connectors", {}, True),
        (Limit((), (), ("contoso.com",)), "send_connectors", {"address_spaces": [{"domain": "contoso.com"}]}, True),
        (
            Limit((), (), ("contoso.com",)),
            "send_connectors",
            {"address_spaces": [{"domain": "contoso.com"}], "home_servers": [{"server": "MBX1"}]},
            False,
        ),
        (
            Limit((), ("send/two",)),
            "mail_flow_rules",
            {"conditions": [{"kind": "ReceiveConnectorIs", "values": ["two"]}]},
            False,
        ),
        (
            Limit((), ("receive/two",)),
            "mail_flow_rules",
            {"conditions": [{"kind": "ReceiveConnectorIs", "values": ["two"]}, {"kind": "FromScope", "values": ["x"]}]},
            True,
        ),
        (Limit((), ("receive/two",)), "mail_flow_rules", {"conditions": []}, False),
    ],
)
def test_reaches(limit, kind, value, is_within):
    assert reaches(limit, kind, "one", value) is is_within


CONNECTOR = {"address_spaces": [{"domain": "contoso.com"}]}
NEW = ObjectChange("send_connectors", "one", None, CONNECTOR)


@pytest.mark.parametrize(
    ("limit", "change", "is_within"),
    [
        (Limit((), ("send/one",)), NEW, False),
        (Limit((), ("send/one",)), replace(NEW, before=CONNECTOR), True),
        (Limit((), ("send/one",)), replace(NEW, before=CONNECTOR, after=None), True),
        (Limit((), ("send/one",), ("contoso.com",)), NEW, True),
        (Limit((), ("receive/one",)), ObjectChange("receive_connectors", "one", None, {}), False),
        (
            Limit((), ("receive/one",)),
            ObjectChange(
                "mail_flow_rules", "new", None, {"conditions": [{"kind": "ReceiveConnectorIs", "values": ["one"]}]}
            ),
            True,
        ),
    ],
)
def test_out_of_reach__new_connector_with_an_id_that_is_named__is_reached_by_its_domains_alone(
    limit, change, is_within
):
    assert (out_of_reach(limit, [change]) is None) is is_within


@pytest.mark.django_db
def test_stage_item__new_connector_with_the_id_that_is_named__is_refused():
    author = limited(create_editor(), Limit((), ("receive/default", "send/default")))
    change = open_change(author=author, now=NOW)
    connector = {"id": "default", "name": "Default", "address_spaces": [{"domain": "*"}]}
    with pytest.raises(OutOfReach, match="send connector Default is not within"):
        stage_item(change=change, actor=author, kind="send_connectors", object_id="", after=connector, now=NOW)
    assert not ChangeItem.objects.exists()


@pytest.mark.django_db
def test_stage_item__within__is_staged_and_beyond__is_refused():
    author = limited(create_editor())
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, sender_addresses=["contoso.com"])
    with pytest.raises(OutOfReach, match=r"domain contoso\.com: relay policy Scanners is not"):
        stage_policy(change, author, "scanners", sender_addresses=[])
    with pytest.raises(OutOfReach, match="IP block list"):
        stage_item(
            change=change, actor=author, kind="ip_block_list", object_id="", after={"network": "10.0.0.1"}, now=NOW
        )
    item = ChangeItem.objects.get()
    assert item.after is not None and item.after["sender_addresses"] == ["contoso.com"]


@pytest.mark.django_db
def test_stage_item__somebody_elses_object__cant_be_taken_over_or_deleted():
    publish_policy(sender_addresses=["other.example"])
    author = limited(create_editor())
    change = open_change(author=author, now=NOW)
    with pytest.raises(OutOfReach):
        stage_policy(change, author, "scanners", sender_addresses=["contoso.com"])
    with pytest.raises(OutOfReach):
        stage_item(change=change, actor=author, kind="relay_policies", object_id="scanners", after=None, now=NOW)


@pytest.mark.django_db
def test_submit__drafted_before_the_limit__is_refused():
    change = create_change()
    author = limited(change.author)
    with pytest.raises(OutOfReach):
        submit_change(change=change, actor=author, now=NOW)


@pytest.mark.django_db
def test_whole_document_and_restore__beyond__are_refused():
    first = head_revision()
    publish_policy(sender_addresses=["other.example"])
    with pytest.raises(OutOfReach):
        restore_revision(revision=first, actor=limited(create_editor()), now=NOW)


@pytest.mark.django_db
def test_approve_and_publish__beyond__are_refused():
    change = create_change(ChangeState.IN_REVIEW)
    reviewer = limited(create_reviewer(), role=Role.REVIEWER)
    with pytest.raises(OutOfReach):
        approve_change(change=change, actor=reviewer, digest=digest_of(change), now=NOW)
    approved = create_change(ChangeState.APPROVED)
    with pytest.raises(OutOfReach):
        publish_change(change=approved, actor=reviewer, now=NOW)


@pytest.mark.django_db
def test_approval__of_a_reviewer_who_was_limited_since__counts_no_more():
    reviewer = create_reviewer()
    change = create_change(ChangeState.APPROVED, reviewer=reviewer)
    limited(reviewer, role=Role.REVIEWER)
    with pytest.raises(NotApproved):
        publish_change(change=change, actor=create_reviewer(), now=NOW)


@pytest.mark.django_db
def test_decide__limited_reviewer_beyond__neither_gives_back_nor_unschedules_nor_pays_a_review():
    inner = limited(create_reviewer(), role=Role.REVIEWER)
    change = create_change(ChangeState.APPROVED)
    digest = digest_of(change)
    with pytest.raises(OutOfReach):
        request_changes(change=change, actor=inner, digest=digest, comment="No", now=NOW)
    at = NOW + timedelta(hours=1)
    schedule_publish(change=change, actor=create_reviewer(), at=at, digest=digest, now=NOW)
    with pytest.raises(OutOfReach):
        cancel_schedule(change=change, actor=inner, now=NOW)
    assert reloaded(change).publish_at == at
    loud = create_change(ChangeState.DRAFT, name="Printers")
    break_glass_publish(change=loud, actor=create_administrator(), reason="Mail is down", now=NOW)
    with pytest.raises(OutOfReach):
        review_afterwards(change=loud, actor=inner, comment="Fine", now=NOW)
    assert reloaded(loud).is_review_owed


@pytest.mark.django_db
def test_account_password__beyond__is_refused():
    with pytest.raises(OutOfReach):
        make_account_password(actor=limited(create_editor()), secret="scanner.1", account="Scanner", now=NOW)


@pytest.mark.django_db
def test_api__limited_editor__is_refused_by_the_same_service():
    api = Api(limited(create_editor()))
    path = f"/changes/{api('POST', '/changes', {'title': 'x'}).json()['id']}/items/relay_policies"
    answer = api("POST", path, policy())
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:mailconsole:problem:out-of-reach")
    assert api("POST", path, policy(sender_addresses=["contoso.com"])).status_code == 201


@pytest.mark.django_db
def test_cli__limited_editor__is_refused(tmp_path, monkeypatch):
    file = tmp_path / "x.yaml"
    file.write_text("ip_block_list: [{network: 10.0.0.1}]\n")
    author = limited(create_editor())
    with pytest.raises(CommandError, match="is limited to"):
        run("apply", file, "--as", author.username)
    with pytest.raises(CommandError, match="is limited"):
        run("secret", "name", "--as", author.username)


@pytest.mark.django_db
def test_pages__limited_editor__sees_the_limit_and_no_buttons_beyond_it():
    publish_policy(sender_addresses=["contoso.com"])
    publish_policy(name="Other", sender_addresses=["other.example"])
    browser = signed_in(limited(create_editor()))
    policies = browser.get("/mail-flow/relay-policies/").content.decode()
    assert "Your role editor is limited to relay policies of the domain contoso.com." in policies
    assert "Add</a>" in policies
    assert "Add</a>" not in browser.get("/mail-flow/ip-block-list/").content.decode()
    assert browser.get("/mail-flow/ip-block-list/new/").status_code == 403
    assert browser.get("/mail-flow/relay-policies/edit/scanners/").status_code == 200
    assert browser.get("/mail-flow/relay-policies/edit/other/").status_code == 403
    assert "This is not within that." in browser.get("/mail-flow/relay-policies/show/other/").content.decode()


@pytest.mark.django_db
def test_page_of_a_change__limited_reviewer__has_no_button_and_is_told_why():
    change = create_change(ChangeState.IN_REVIEW)
    page = signed_in(limited(create_reviewer(), role=Role.REVIEWER)).get(f"/changes/{change.pk}/").content.decode()
    assert "Your role reviewer is limited to" in page and ">Approve<" not in page and "Approve</button>" not in page


@pytest.mark.django_db
def test_prolong__beyond_the_role__is_neither_drafted_nor_approved_nor_published():
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author)
    set_expiry(change=change, actor=author, expires_at=NOW + timedelta(days=1), now=NOW)
    submit_change(change=change, actor=author, now=NOW)
    reviewer = create_reviewer()
    approve_change(change=change, actor=reviewer, digest=digest_of(reloaded(change)), now=NOW)
    publish_change(change=change, actor=reviewer, now=NOW)
    with pytest.raises(OutOfReach):
        prolong_change(change=change, actor=limited(create_editor()), until=None, reason="x", now=NOW)
    draft = prolong_change(change=change, actor=author, until=None, reason="x", now=NOW)
    submit_change(change=draft, actor=author, now=NOW)
    confined = limited(create_reviewer(), role=Role.REVIEWER)
    with pytest.raises(OutOfReach):
        approve_change(change=draft, actor=confined, digest=digest_of(draft), now=NOW)
    approve_change(change=draft, actor=reviewer, digest=digest_of(draft), now=NOW)
    with pytest.raises(OutOfReach):
        publish_change(change=draft, actor=confined, now=NOW)


@pytest.mark.django_db
def test_take_over__beyond__is_refused_and_within__is_theirs():
    limited_one = limited(create_editor())
    beyond = create_change()
    with pytest.raises(OutOfReach, match=r"limited to relay policies of the domain contoso\.com"):
        take_over(change=beyond, actor=limited_one, reason="She is away", now=NOW)
    assert reloaded(beyond).author == beyond.author
    within = open_change(author=create_editor(), now=NOW)
    stage_policy(within, within.author, sender_addresses=["contoso.com"])
    assert take_over(change=within, actor=limited_one, reason="She is away", now=NOW).author == limited_one


@pytest.mark.django_db
def test_move_end__beyond__is_refused_to_the_author_and_not_to_an_operator():
    change = temporary()
    author = limited(change.author)
    with pytest.raises(OutOfReach):
        prolong_change(change=change, actor=author, until=None, reason="Still needed", now=NOW)
    with pytest.raises(OutOfReach):
        shorten_change(change=change, actor=author, ends_at=NOW, reason="Done", now=NOW)
    assert reloaded(change).ends_at == MONDAY and not Change.objects.filter(prolongs=change).exists()
    shorten_change(change=change, actor=create_operator(), ends_at=NOW, reason="Done", now=NOW)
    assert reloaded(change).ends_at == NOW


@pytest.mark.django_db
def test_move_end__within__goes_on():
    change = temporary(sender_addresses=["contoso.com"])
    author = limited(change.author)
    assert prolong_change(change=change, actor=author, until=None, reason="Still needed", now=NOW).prolongs == change


def _connector(name: str, secret: str) -> dict:
    return {
        "name": name,
        "address_spaces": [{"domain": f"{name.lower()}.example"}],
        "smart_hosts": ["smart.example"],
        "tls_level": "EncryptionOnly",
        "username": "relay" if secret else "",
        "password_secret": secret,
    }


def _two_connectors() -> User:
    """One is the limited editor's; the other has a password of its own."""
    store_secret(name="two.1", value="the other's password")
    store_secret(name="free", value="nobody's yet")
    change = open_change(author=create_editor(), now=NOW)
    for name, secret in (("One", ""), ("Two", "two.1")):
        stage_item(change=change, actor=change.author, kind="send_connectors", object_id="",
                   after=_connector(name, secret), now=NOW)  # fmt: skip
    break_glass_publish(change=change, actor=create_administrator(), reason="So that they are there", now=NOW)
    return limited(create_editor(), Limit((), ("send/one",), ()))


@pytest.mark.django_db
def test_stage__limited_editor_names_the_secret_of_another_connector__is_refused_by_each_way():
    anna = _two_connectors()
    mine = open_change(author=anna, now=NOW)
    edit = {"change": mine, "actor": anna, "kind": "send_connectors", "object_id": "one", "now": NOW}
    with pytest.raises(OutOfReach, match="the secret that it names is that of send connector Two"):
        stage_item(**edit, after=_connector("One", "two.1"))
    api = Api(anna)
    answer = api("PUT", f"/changes/{mine.pk}/items/send_connectors/one", _connector("One", "two.1"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:mailconsole:problem:out-of-reach")
    assert not mine.items.exists()
    stage_item(**edit, after=_connector("One", "free"))
    assert mine.items.filter(after__password_secret="free").count() == 1
    submit_change(change=mine, actor=anna, now=NOW)


@pytest.mark.django_db
def test_submit__secret_of_another_typed_into_a_conflict__is_refused():
    anna = _two_connectors()
    mine = open_change(author=anna, now=NOW)
    stage_item(
        change=mine, actor=anna, kind="send_connectors", object_id="one", after=_connector("One", "free"), now=NOW
    )
    item = mine.items.get()
    ChangeItem.objects.filter(pk=item.pk).update(after=_connector("One", "two.1") | {"id": "one"})
    with pytest.raises(OutOfReach, match="that of send connector Two"):
        submit_change(change=mine, actor=anna, now=NOW)


@pytest.mark.django_db
def test_stage__secret_that_another_only_drafted__is_refused_to_the_limited_and_not_to_others():
    anna, bert = _two_connectors(), create_editor()
    theirs = open_change(author=bert, now=NOW)
    store_secret(name="new.1", value="not published yet")
    stage_item(
        change=theirs, actor=bert, kind="send_connectors", object_id="", after=_connector("New", "new.1"), now=NOW
    )
    for actor, is_refused in ((anna, True), (bert, False)):
        change = open_change(author=actor, now=NOW)
        with pytest.raises(OutOfReach) if is_refused else nullcontext():
            stage_item(change=change, actor=actor, kind="send_connectors", object_id="one",
                       after=_connector("One", "new.1"), now=NOW)  # fmt: skip


@pytest.mark.django_db
def test_waiting_and_told__beyond_a_limited_reviewer__waits_for_others_alone():
    rudi = limited(create_reviewer(), role=Role.REVIEWER)
    beyond = create_change(ChangeState.IN_REVIEW)
    assert list(waiting_for(rudi)) == [] and not unread(rudi).exists()
    within = create_change(ChangeState.IN_REVIEW, name="Ours", sender_addresses=["contoso.com"])
    assert list(waiting_for(rudi)) == [within]
    assert [one.change for one in unread(rudi)] == [within]
    assert set(waiting_for(create_reviewer())) == {beyond, within}
