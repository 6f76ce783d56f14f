import pytest
from django.test import Client

from mailconsole.accounts.views.sign_in import locked_out
from mailconsole.audit.models import AuditEntry
from tests.support.factories import PASSWORD, create_administrator, create_viewer, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/account/sign-in/"


def sign_in(client, username, password=PASSWORD, **fields):
    return client.post(PAGE, {"username": username, "password": password, **fields})


def test_sign_in__right_password__opens_the_asked_page_with_a_new_session():
    create_viewer(username="vera")
    client = Client()
    client.get(PAGE)
    client.session["planted"] = "yes"
    client.session.save()
    before = client.session.session_key
    response = sign_in(client, "vera", next="/audit/")
    assert response.headers["Location"] == "/audit/"
    assert client.session.session_key != before


def test_sign_in__wrong_password__says_so_and_stays_out():
    create_viewer(username="vera")
    client = Client()
    response = sign_in(client, "vera", "wrong")
    assert "match" in response.content.decode()
    assert client.get("/help/").status_code == 302


def test_sign_in__unknown_name__says_the_same_as_a_wrong_password():
    assert "User name and password don&#x27;t match" in sign_in(Client(), "nobody").content.decode()


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"]
)
def test_sign_in__next_elsewhere__goes_home(elsewhere):
    create_viewer(username="vera")
    assert sign_in(Client(), "vera", next=elsewhere).headers["Location"] == "/"


def test_sign_in__switched_off__stays_out():
    create_viewer(username="vera", is_active=False)
    assert sign_in(Client(), "vera").status_code == 200


def test_sign_in__guessed_too_often__is_closed_even_for_the_right_password(settings):
    settings.AXES_FAILURE_LIMIT = 3
    create_viewer(username="vera")
    for _ in range(3):
        response = sign_in(Client(), "vera", "wrong")
    assert response.status_code == 429
    assert sign_in(Client(), "vera").status_code == 429
    create_viewer(username="other")
    assert sign_in(Client(), "other").status_code == 302


def test_sign_in__closed_and_asked_with_a_nul__is_a_page(settings, rf):
    request = rf.post("/sign-in/", {"username": "vera\0"})
    assert locked_out(request).status_code == 429


def test_sign_in__an_administrator_before_the_set_up__is_led_into_it():
    create_administrator(username="ada")
    assert sign_in(Client(), "ada").headers["Location"] == "/setup/"
    assert sign_in(Client(), "ada", next="/").headers["Location"] == "/setup/"
    assert sign_in(Client(), "ada", next="/audit/").headers["Location"] == "/audit/"


def test_sign_out__by_get__is_refused():
    client = signed_in(create_viewer())
    assert client.get("/account/sign-out/").status_code == 405
    assert client.get("/help/").status_code == 200


def test_sign_out__by_post__ends_the_session():
    client = signed_in(create_viewer())
    assert client.post("/account/sign-out/").status_code == 302
    assert client.get("/help/").status_code == 302


def test_any_form__without_its_token__is_refused_in_words():
    create_viewer(username="vera")
    response = sign_in(Client(enforce_csrf_checks=True), "vera")
    assert response.status_code == 403
    assert "out of date" in response.content.decode()


def test_part_of_a_page__session_ended__reloads_the_page_instead():
    response = Client().get("/audit/", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"
    assert not response.content


def test_sign_in__is_in_the_audit_and_a_wrong_password_is_not():
    create_viewer(username="vera")
    sign_in(Client(), "vera", "wrong")
    assert not AuditEntry.objects.exists()
    sign_in(Client(), "vera")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.peer) == ("person.signed_in", "vera", "127.0.0.1")


def test_sign_in__closed__is_in_the_audit_once_and_only_of_people_there_are():
    create_viewer(username="vera")
    for _ in range(12):
        sign_in(Client(), "vera", "wrong")
        sign_in(Client(), "my secret password", "wrong")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.object_id) == ("person.sign_in_closed", "system", "vera")
