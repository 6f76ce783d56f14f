"""Pages, command and API of certificates: who may, what they show, that a key never comes back."""

from __future__ import annotations

import base64
import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from mailconsole.certificates.live import certificate_warnings
from mailconsole.certificates.models import ServerCertificate
from mailconsole.nodes.snapshots import Live
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.certificates.kit import added, archive, now
from tests.support.factories import create_administrator, create_editor, create_viewer, signed_in

pytestmark = pytest.mark.django_db
LIST, ADD, ASK = reverse("certificates:list"), reverse("certificates:add"), reverse("certificates:request")


@pytest.fixture
def admin(db):
    return create_administrator(username="ada")


def text(answer) -> str:
    return answer.content.decode().replace("&#x27;", "'")


def test_add__pasted_or_as_files__is_listed(admin, authority):
    client, made = signed_in(admin), authority.issue("mail.acme.example", days=60)
    said = {"name": "pasted", "chain": made.chain.read_text(), "key": made.key.read_text()}
    assert "Nodes take it within seconds" in text(client.post(ADD, said, follow=True))
    files = {"file": SimpleUploadedFile("x.pem", made.chain.read_bytes()),
             "key_file": SimpleUploadedFile("x.key", made.key.read_bytes())}  # fmt: skip
    client.post(ADD, {"name": "files"} | files)
    pfx = {"file": SimpleUploadedFile("x.pfx", archive(made)), "password": "secret"}
    client.post(ADD, {"name": "archive"} | pfx)
    page = text(signed_in(create_viewer()).get(LIST))
    assert all(f">{name}</a>" in page for name in ("pasted", "files", "archive")) and "mail.acme.example" in page


def test_add__refused__says_why_and_shows_no_key_again(admin, authority):
    made, other = authority.issue("mail.acme.example"), authority.issue("x.example")
    said = {"name": "mail", "chain": made.chain.read_text(), "key": other.key.read_text()}
    answer = signed_in(admin).post(ADD, said)
    assert answer.status_code == 422 and "not that of any of the certificates" in text(answer)
    guessed = signed_in(admin).post(ADD, {**said, "password": "sesame"})
    assert "The key has no password: leave that empty." in text(guessed)
    for page in (text(answer), text(guessed)):
        assert "BEGIN PRIVATE KEY" not in page and "sesame" not in page


def test_add__huge_file__is_refused(admin):
    answer = signed_in(admin).post(ADD, {"name": "x", "file": SimpleUploadedFile("x.pem", b"x" * 300_000)})
    assert answer.status_code == 422 and not ServerCertificate.objects.exists()


def test_pages__not_an_administrator__sees_and_changes_nothing(admin, authority):
    added(authority, admin)
    for person in (create_viewer(), create_editor()):
        client = signed_in(person)
        page = text(client.get(reverse("certificates:show", args=["mail"])))
        assert "test CA" in page and "PRIVATE" not in page and "Remove" not in page
        for name, arguments in (("add", []), ("request", []), ("replace", ["mail"]), ("remove", ["mail"])):
            assert client.post(reverse(f"certificates:{name}", args=arguments)).status_code == 403
        assert client.get(reverse("certificates:csr", args=["mail"])).status_code == 403


def test_request__page__gives_the_request_as_a_file(admin):
    client = signed_in(admin)
    page = text(client.post(ASK, {"name": "new", "hosts": "new.acme.example\n192.0.2.1"}, follow=True))
    assert "A key waits here for its certificate" in page
    file = client.get(reverse("certificates:csr", args=["new"]))
    assert file.content.startswith(b"-----BEGIN CERTIFICATE REQUEST-----") and "new.csr" in file["Content-Disposition"]
    assert client.post(ASK, {"name": "new", "hosts": "a b/c"}).status_code == 422


def test_remove__page__asks_and_goes(admin, authority):
    added(authority, admin)
    client = signed_in(admin)
    assert "Remove this certificate?" in text(client.get(reverse("certificates:show", args=["mail"])))
    assert "Removed the certificate mail" in text(
        client.post(reverse("certificates:remove", args=["mail"]), follow=True)
    )
    assert client.get(reverse("certificates:show", args=["mail"])).status_code == 404


def test_hostile_names__are_escaped(admin, authority):
    made = added(authority, admin)
    ServerCertificate.objects.filter(pk=made.pk).update(issuer="CN=<script>alert(1)</script>", names=["<img src=x>"])
    for address in (LIST, reverse("certificates:show", args=["mail"])):
        page = text(signed_in(create_viewer()).get(address))
        assert "<script>alert" not in page and "<img src=x>" not in page


def test_warnings__end_is_near__stand_on_overview_and_nodes(admin, authority):
    added(authority, admin, name="soon", days=20)
    added(authority, admin, name="later", days=60)
    (piece,) = certificate_warnings(Live(True), now())
    assert "soon ends on" in piece.html and "in 19 days" in piece.html
    (piece,) = certificate_warnings(Live(True), now() + datetime.timedelta(days=21))
    assert "soon expired on" in piece.html
    client = signed_in(create_viewer())
    for address in ("overview:home", "overview:nodes"):
        assert "soon ends on" in text(client.get(reverse(address)))


def test_command__the_same(admin, authority, tmp_path, capsys):
    made = authority.issue("mail.acme.example", days=60)
    files = ["--chain", str(made.chain), "--key", str(made.key), "--as", "ada"]
    call_command("certificate", "add", "mail", *files)
    call_command("certificate", "list")
    call_command("certificate", "request", "new", "--host", "new.example", "--as", "ada")
    said = capsys.readouterr().out
    assert "Added mail" in said and "mail.acme.example  (no connector)" in said and "BEGIN CERTIFICATE REQUEST" in said
    call_command("certificate", "remove", "mail", "--as", "ada")
    create_viewer(username="vera")
    for arguments, words in (
        (["add", "x", *files[:-1], "vera"], "needs the role Administrator"),
        (["add", "x", "--chain", str(tmp_path / "none"), "--as", "ada"], "can't be read"),
        (["replace", "nobody", *files], "no certificate nobody"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("certificate", *arguments)


def test_api__the_same__and_no_key_comes_out(admin, authority):
    api, made = Api(admin), authority.issue("mail.acme.example", days=60)
    said = {"chain_pem": made.chain.read_text(), "key_pem": made.key.read_text()}
    assert api("POST", "/certificates", {"name": "mail", **said}).status_code == 201
    assert api("POST", "/certificates", {"name": "mail", **said}).status_code == 409
    packed = {"pkcs12": base64.b64encode(archive(made)).decode(), "password": "secret"}
    assert api("PUT", "/certificates/mail", packed).status_code == 200
    assert api("PUT", "/certificates/mail", {"pkcs12": "%%"}).status_code == 422
    assert api("POST", "/certificates/requests", {"name": "new", "hosts": ["new.example"]}).status_code == 201
    listed = Api(create_viewer())("GET", "/certificates")
    assert [one["name"] for one in listed.json()] == ["mail", "new"] and "PRIVATE" not in listed.content.decode()
    editor = Api(create_editor())
    assert editor("POST", "/certificates", {"name": "x", **said}).status_code == 403
    assert editor("PUT", "/certificates/mail", said).status_code == 403
    assert editor("POST", "/certificates/mail/remove", {}).status_code == 403
    assert api("POST", "/certificates/mail/remove", {"reason": "old"}).status_code == 204
