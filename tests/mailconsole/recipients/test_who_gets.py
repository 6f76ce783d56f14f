"""Who gets mail sent to this address: the tree, on its page, at the command line and in the API."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from directory.model import RecipientKind, SenderRestrictions
from directory.snapshot_schema import ConflictRule
from mailconsole.recipients.known import open_directory
from mailconsole.recipients.models import DirectoryRules
from mailconsole.recipients.services.who_gets import who_gets
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import create_directory, read_directory
from tests.support.factories import create_administrator, create_operator, create_viewer, signed_in
from transport.config.document import MailFlow, initial_document
from transport.config.objects import AcceptedDomain, AddressSpace, DomainType, HomeServer, SendConnector
from transport.model.address import InvalidAddress

pytestmark = pytest.mark.django_db
GROUP = RecipientKind.DISTRIBUTION_GROUP
DOCUMENT = MailFlow(
    accepted_domains=(
        AcceptedDomain(id="acme", name="Acme", domain="acme.example", domain_type=DomainType.AUTHORITATIVE),
    ),
    send_connectors=(
        SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), smart_hosts=("[127.0.0.1]",)),
    ),
)


@pytest.fixture(autouse=True)
def people(monkeypatch):
    members = {"team": ("anna", "ben", "ring", "board"), "ring": ("team", "cleo"), "board": ("anna",)}
    groups = [
        a_recipient(name, kind=GROUP, member_guids=tuple(map(guid_of, inside)),
                    restrictions=SenderRestrictions(require_auth=name == "board"))
        for name, inside in members.items()
    ]  # fmt: skip
    anna = a_recipient("anna", addresses=("anna@acme.example", "a@acme.example"))
    ben = a_recipient("ben", forwarding_guid=guid_of("cleo"), deliver_and_redirect=True)
    cleo = a_recipient("cleo", target_address="cleo@cloud.example", display_name="<b>Cleo</b>\u202e")
    read_directory(monkeypatch, create_directory(), [*groups, anna, ben, cleo])


def ask(address, **more):
    return who_gets(address, document=DOCUMENT, revision=1, finds=open_directory(), **more)


def test_who__groups_in_groups_forwarding_and_a_ring__is_a_tree_in_which_everybody_stands_once():
    found = ask("team@acme.example")
    assert (found.delivered_count, found.refused_count) == (3, 1)
    assert {one.address for one in found.root.walk() if one.word == "Delivered"} == {
        "anna@acme.example", "ben@acme.example", "cleo@cloud.example",
    }  # fmt: skip
    again = [one.address.partition("@")[0] for one in found.root.walk() if one.word == "Again"]
    assert sorted(again) == ["cleo", "team"]
    board = next(one for one in found.root.walk() if one.address == "board@acme.example")
    assert "takes mail only from senders who signed in" in board.because


def test_who__group_hides_its_members__they_are_counted_and_not_named(monkeypatch):
    group = a_recipient("secret", kind=GROUP, member_guids=(guid_of("anna"),), hides_members=True)
    read_directory(monkeypatch, create_directory(), [group, a_recipient("anna")])
    root = ask("secret@acme.example", shows_hidden=False).root
    assert (root.children, root.more) == ([], 1)
    assert ask("secret@acme.example").root.children[0].address == "anna@acme.example"


def test_who__any_object_with_the_address_hides_its_members__they_are_counted(monkeypatch):
    DirectoryRules.objects.update_or_create(pk=1, defaults={"conflict_rule": ConflictRule.PRIMARY.value})
    shown = a_recipient("secret", kind=GROUP, member_guids=(guid_of("anna"),))
    both = ("other@acme.example", "secret@acme.example")
    hiding = a_recipient("other", kind=GROUP, hides_members=True, addresses=both)
    read_directory(monkeypatch, create_directory(), [shown, hiding, a_recipient("anna")])
    root = ask("secret@acme.example", shows_hidden=False).root
    assert (root.children, root.more) == ([], 1)


def test_who__member_of_a_hiding_group_and_of_another__stands_in_the_other_alone(monkeypatch):
    inside = {"secret": ("anna",), "whole": ("secret", "middle"), "middle": ("inner",), "inner": ("anna",)}
    groups = [
        a_recipient(name, kind=GROUP, member_guids=tuple(map(guid_of, members)), hides_members=name == "secret")
        for name, members in inside.items()
    ]
    read_directory(monkeypatch, create_directory(), [*groups, a_recipient("anna")])
    steps = list(ask("whole@acme.example", shows_hidden=False).root.walk())
    assert "Again" not in {one.word for one in steps}, "it would tell of a place that is not shown"
    assert [one.word for one in steps if one.address == "anna@acme.example"] == ["Delivered"]


def test_who__sender_signed_in__nobody_is_returned():
    assert ask("team@acme.example", sender="x@partner.example", is_signed_in=True).refused_count == 0


def test_who__proxy_address__leads_to_the_primary_one_and_names_the_connector():
    found = ask("A@acme.example")
    assert [(one.address, one.word, one.because) for one in found.root.walk()][-1] == (
        "anna@acme.example", "Delivered", "By the send connector Out.",
    )  # fmt: skip
    assert found.root.children[0].name == "Anna"


def test_who__mailbox_on_a_home_server__goes_by_the_connector_that_serves_it_and_says_so(monkeypatch):
    homes = {"dora": "EX01", "emil": "EX02"}
    people = [a_recipient(name, home_server=server) for name, server in homes.items()]
    read_directory(monkeypatch, create_directory(), people)
    store = SendConnector(id="store", name="Store", home_servers=(HomeServer(server="EX01"),), smart_hosts=("[::1]",))
    flow = DOCUMENT.model_copy(update={"send_connectors": (*DOCUMENT.send_connectors, store)})
    told = {
        name: who_gets(f"{name}@acme.example", document=flow, revision=1, finds=open_directory()).root.because
        for name in homes
    }
    assert told["dora"] == "By the send connector Store. It serves the recipient's home server EX01."
    assert told["emil"] == "By the send connector Out. None serves the home server EX02; this one covers acme.example."


def test_who__send_connector_of_one_node__says_that_from_others_it_may_go_another_way():
    (out,) = DOCUMENT.send_connectors
    scoped = out.model_copy(update={"source_transport_servers": ("edge-1",)})
    flow = DOCUMENT.model_copy(update={"send_connectors": (scoped,)})
    found = who_gets("anna@acme.example", document=flow, revision=1, finds=open_directory())
    assert "Only edge-1 may use it: from other nodes it may go another way" in found.root.because


@pytest.mark.parametrize(("address", "word"), [("nobody@acme.example", "Returned"), ("x@partner.example", "Delivered")])
def test_who__unknown_or_outside__says_so(address, word):
    assert ask(address).root.word == word


def test_who__no_directory_read__nobody_can_tell(home):
    for path in (home / "directory").iterdir():
        path.unlink()
    assert "not been read" in ask("anna@acme.example").waits_because


def test_who__no_address__is_refused():
    with pytest.raises(InvalidAddress):
        ask("anna")


@pytest.fixture
def published(monkeypatch):
    for place in ("views.who", "management.commands.directory"):
        monkeypatch.setattr(f"mailconsole.recipients.{place}.load_document", lambda head: DOCUMENT)
    monkeypatch.setattr("mailconsole.api.directory.load_document", lambda head: DOCUMENT)


def test_page__shows_the_tree_and_hostile_names_are_text(published):
    client = signed_in(create_viewer())
    page = client.get(reverse("recipients:who"), {"address": "team@acme.example"}).text
    assert "3 addresses get it" in page
    assert "&lt;b&gt;Cleo" in page
    assert "<b>Cleo" not in page and "\u202e" not in page
    assert client.get(reverse("recipients:who"), {"address": "<script>"}).status_code == 422


@pytest.fixture
def secret(monkeypatch):
    """A group that hides its members: one in a circle, one with no address that could be one."""
    odd = a_recipient("mole", primary_address="mole@", addresses=("mole@acme.example",))
    ring = [a_recipient("spy", forwarding_guid=guid_of("agent")), a_recipient("agent", forwarding_guid=guid_of("spy"))]
    inside = tuple(map(guid_of, ("mole", "spy")))
    hiding = a_recipient("secret", kind=GROUP, member_guids=inside, hides_members=True)
    read_directory(monkeypatch, create_directory(), [hiding, odd, *ring])


@pytest.mark.parametrize(
    "place",
    [
        "/directory/who/?address={}",
        "/api/v1/directory/who-gets/{}",
        "/tools/explain/?peer=10.1.2.3&binding=smtp&sender=a%40x.example&recipient={}",
    ],
)
def test_hidden_members__nobody_but_administrators_reads_of_them_in_any_sentence(published, secret, place, monkeypatch):
    listening = DOCUMENT.model_copy(update={"receive_connectors": initial_document().receive_connectors})
    monkeypatch.setattr("mailconsole.changes.services.under.load_document", lambda head: listening)
    for person, is_told in ((create_operator(), False), (create_viewer(), False), (create_administrator(), True)):
        page = signed_in(person).get(place.format("secret@acme.example"))
        assert page.status_code == 200
        told = [name for name in ("mole", "spy", "agent") if f"{name}@" in page.text]
        assert bool(told) is is_told, (person, told)


def test_who__no_connector_or_none_for_its_size__is_not_called_delivered():
    assert (ask("x@partner.example").delivered_count, ask("x@partner.example").unrouted_count) == (1, 0)
    nowhere = DOCUMENT.model_copy(update={"send_connectors": ()})
    found = who_gets("anna@acme.example", document=nowhere, revision=1, finds=open_directory())
    assert (found.delivered_count, found.unrouted_count, found.refused_count) == (0, 1, 0)
    large = ask("anna@acme.example", size_bytes=36 * 1024 * 1024)
    assert (large.delivered_count, large.refused_count, large.root.children[-1:] or large.root.word) == (
        0,
        1,
        "Returned",
    )


def test_page_command_and_api__size__recipients_limits_count(published, monkeypatch):
    dora = a_recipient("dora", max_receive_size_kib=10)
    read_directory(monkeypatch, create_directory(), [dora])
    client, url = signed_in(create_viewer()), reverse("recipients:who")
    assert "5.3.4" not in client.get(url, {"address": "dora@acme.example", "size": "10 KB"}).text
    page = client.get(url, {"address": "dora@acme.example", "size": "11 KB"})
    assert page.context["who"].refused_count == 1 and page.context["who"].root.word == "Returned"
    refused = client.get(url, {"address": "dora@acme.example", "size": "ten apples"})
    assert refused.status_code == 422 and "is not a size" in refused.text
    said = client.get("/api/v1/directory/who-gets/dora@acme.example?size_bytes=20000").json()
    assert (said["delivered"], said["returned"], said["without_a_way"]) == (0, 1, 0)
    assert client.get("/api/v1/directory/who-gets/dora@acme.example?size_bytes=-1").status_code == 422
    out = io.StringIO()
    call_command("directory", "who", "dora@acme.example", "--size", "1 MB", stdout=out)
    assert out.getvalue().endswith("0 delivered, 1 returned\n")
    with pytest.raises(CommandError, match="--size: 'big' is not a size"):
        call_command("directory", "who", "dora@acme.example", "--size", "big")


def test_command__prints_the_tree(published):
    out = io.StringIO()
    call_command("directory", "who", "team@acme.example", stdout=out)
    assert "    Delivered  anna@acme.example  (Anna)  By the send connector Out." in out.getvalue()
    assert out.getvalue().endswith("3 delivered, 1 returned\n")
    with pytest.raises(CommandError, match="no address"):
        call_command("directory", "who", "anna")


def test_api__search_address_tree_and_sources(published):
    client = signed_in(create_operator())
    assert [one["display_name"] for one in client.get("/api/v1/directory/recipients?q=anna").json()] == ["Anna"]
    assert client.get("/api/v1/directory/addresses/A@acme.example").json()["recipients"][0]["display_name"] == "Anna"
    assert client.get("/api/v1/directory/addresses/no@acme.example").status_code == 404
    who = client.get("/api/v1/directory/who-gets/team@acme.example").json()
    assert (who["delivered"], who["returned"], who["tree"]["outcome"]) == (3, 1, "group")
    assert client.get("/api/v1/directory/who-gets/nonsense").status_code == 422
    source = client.get("/api/v1/directory/sources").json()[0]
    assert (source["last_run"]["state"], source["last_run"]["recipients"]) == ("succeeded", 6)
    viewer = signed_in(create_viewer())
    assert viewer.post(f"/api/v1/directory/sources/{source['id']}/sync").status_code == 403
