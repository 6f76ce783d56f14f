import re

import pytest

from mailconsole.accounts.models import User
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Revision
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.setup.progress import Step, read_progress
from tests.support.factories import create_administrator, create_editor, create_reviewer, signed_in

pytestmark = pytest.mark.django_db
DOMAIN = {"accepted_domain": "Example.COM", "next_hop": "10.1.2.3:2526"}


@pytest.fixture
def client():
    return signed_in(create_administrator())


def test_whole_set_up__three_steps__mail_flow_published_and_two_people(client, system_names):
    system_names.zone["relay.example.net", "A"] = "relay.example.net. 60 IN A 192.0.2.1"
    assert client.get("/setup/").headers["Location"] == "/setup/domain/"
    assert client.post("/setup/domain/", DOMAIN).headers["Location"] == "/setup/way-out/"
    assert client.get("/setup/").headers["Location"] == "/setup/way-out/"
    published = client.post("/setup/way-out/", {"route": "smart-host", "smart_host": "relay.example.net:587"})
    assert published.headers["Location"] == "/setup/people/"

    document = load_document(head_revision())
    assert document.accepted_domains[0].domain == "example.com"
    hosts = {connector.address_spaces[0].domain: connector.smart_hosts for connector in document.send_connectors}
    assert hosts == {"example.com": ("10.1.2.3:2526",), "*": ("relay.example.net:587",)}

    for role, name in (("editor", "erin"), ("reviewer", "rudi")):
        fields = {"role": role, f"{role}-username": name, f"{role}-full_name": name, f"{role}-email": ""}
        page = client.post("/setup/people/", fields).content.decode()
        password = re.search(r"data-once>([^<]+)<", page)
        assert password is not None
        person = User.objects.get(username=name)
        assert person.check_password(password[1])
        assert role in person.role_names
    assert read_progress().is_finished
    assert client.get("/setup/").headers["Location"] == "/setup/done/"
    assert "not finished" not in client.get("/audit/").content.decode()


def test_way_out__by_dns__has_no_smart_host(client):
    client.post("/setup/domain/", DOMAIN)
    client.post("/setup/way-out/", {"route": "dns", "smart_host": ""})
    [everything] = [c for c in load_document(head_revision()).send_connectors if c.address_spaces[0].domain == "*"]
    assert everything.smart_hosts == ()


def test_way_out__before_the_domain__asks_for_the_domain(client):
    assert client.post("/setup/way-out/", {"route": "dns"}).headers["Location"] == "/setup/domain/"
    assert not Revision.objects.filter(number__gt=1).exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"accepted_domain": "not a domain"}, "is not a domain"),
        ({"accepted_domain": "a@b.example"}, "is not a domain"),
        ({"next_hop": "mail.example.com:99999"}, "is not a smart host"),
        ({"next_hop": "a b"}, "is not a smart host"),
        ({"next_hop": ""}, "required"),
    ],
)
def test_domain__what_cannot_be__is_said_at_the_field(client, fields, says):
    page = client.post("/setup/domain/", DOMAIN | fields)
    assert page.status_code == 200
    assert re.search(rf'id="id_{next(iter(fields))}_error".*{says}', page.content.decode(), re.S)


def test_way_out__smart_host_chosen_but_not_named__is_said_at_the_field(client):
    client.post("/setup/domain/", DOMAIN)
    page = client.post("/setup/way-out/", {"route": "smart-host", "smart_host": ""}).content.decode()
    assert "Name the smart host" in page


def test_domain__next_hop_unknown_to_dns__is_said_at_the_field_and_kept_only_on_purpose(client, system_names):
    fields = DOMAIN | {"next_hop": "mail.typo.example:2526"}
    page = client.post("/setup/domain/", fields).content.decode()
    assert re.search(r'id="id_next_hop_error".*mail\.typo\.example cannot be resolved: DNS knows no such', page, re.S)
    assert re.search(r'name="kept" value="mail\.typo\.example:2526"', page)
    assert not read_progress().done

    kept_another = client.post("/setup/domain/", fields | {"kept": "mail.other.example"})
    assert "cannot be resolved" in kept_another.content.decode()
    kept = client.post("/setup/domain/", fields | {"kept": "mail.typo.example:2526"})
    assert kept.headers["Location"] == "/setup/way-out/"


def test_way_out__smart_host_that_dns_does_not_know__publishes_nothing(client, system_names):
    client.post("/setup/domain/", DOMAIN)
    page = client.post("/setup/way-out/", {"route": "smart-host", "smart_host": "relay.typo.example"}).content.decode()
    assert "relay.typo.example cannot be resolved" in page
    assert not Revision.objects.filter(number__gt=1).exists()
    by_dns = client.post("/setup/way-out/", {"route": "dns", "smart_host": "relay.typo.example"})
    assert by_dns.headers["Location"] == "/setup/people/"


def test_way_out__when_somebody_could_review__is_refused_and_publishes_nothing(client):
    create_reviewer()
    client.post("/setup/domain/", DOMAIN)
    page = client.post("/setup/way-out/", {"route": "dns"}).content.decode()
    assert "Somebody else can review" in page
    assert not Revision.objects.filter(number__gt=1).exists()


def test_way_out__twice__is_refused(client):
    client.post("/setup/domain/", DOMAIN)
    client.post("/setup/way-out/", {"route": "dns"})
    revisions = Revision.objects.count()
    client.post("/setup/way-out/", {"route": "dns"})
    client.post("/setup/domain/", DOMAIN | {"accepted_domain": "other.example"})
    assert Revision.objects.count() == revisions
    assert "other.example" not in client.get("/setup/domain/").content.decode()


def test_skip__stops_leading_and_can_be_resumed(client):
    assert "not finished" in client.get("/audit/").content.decode()
    assert client.get("/setup/skip/").status_code == 405
    client.post("/setup/skip/")
    assert "not finished" not in client.get("/audit/").content.decode()
    assert AuditEntry.objects.filter(action="setup.skipped").exists()
    assert client.get("/setup/").headers["Location"] == "/setup/domain/"


@pytest.mark.parametrize("path", ["", "domain/", "way-out/", "people/", "done/"])
def test_pages__for_an_editor__are_refused(path):
    assert signed_in(create_editor()).get(f"/setup/{path}").status_code == 403


def test_people__forged_role__adds_nobody(client):
    fields = {"role": "administrator", "administrator-username": "eve", "administrator-full_name": "Eve"}
    client.post("/setup/people/", fields)
    assert not User.objects.filter(username="eve").exists()


def test_progress__one_person_who_is_editor_and_reviewer__is_not_enough():
    from mailconsole.accounts.roles import Role
    from tests.support.factories import create_person

    create_person(Role.EDITOR, Role.REVIEWER)
    assert Step.PEOPLE not in read_progress().done
    create_editor()
    assert Step.PEOPLE in read_progress().done
