import pytest
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.urls import path

from mailconsole.common import errors
from mailconsole.common.navigation import Section, _items, navigation_for, tabs_for
from tests.support.factories import create_administrator, create_person, create_viewer, signed_in

pytestmark = pytest.mark.django_db


def test_page__signed_out__asks_to_sign_in_and_remembers_where_to():
    response = Client().get("/audit/?q=x")
    assert response.status_code == 302
    assert response.headers["Location"] == "/account/sign-in/?next=/audit/%3Fq%3Dx"


def test_page__headers__are_strict():
    response = signed_in(create_viewer()).get("/help/")
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "'nonce-" in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-Id"] in response.content.decode()


def test_page__every_script__has_the_nonce():
    page = signed_in(create_viewer()).get("/help/").content.decode()
    assert page.count("<script") == page.count('nonce="') > 3


def test_person_without_a_role__sees_who_can_give_one():
    create_administrator(full_name="Ada Min")
    response = signed_in(create_person()).get("/help/")
    assert response.status_code == 403
    assert "Ada Min" in response.content.decode()


def test_missing_page__has_the_request_id_and_no_traceback():
    response = signed_in(create_viewer()).get("/no/such/page")
    assert response.status_code == 404
    assert response.headers["X-Request-Id"] in response.content.decode()


def explode(request):
    raise RuntimeError("the password is hunter2")


def refuse(request):
    raise BadRequest


urlpatterns = [path("explode/", explode), path("refuse/", refuse)]
handler500 = errors.server_error


@pytest.mark.urls(__name__)
def test_broken_page__tells_the_request_id_and_nothing_else():
    client = signed_in(create_viewer())
    client.raise_request_exception = False
    response = client.get("/explode/")
    assert response.status_code == 500
    assert "hunter2" not in response.content.decode()
    assert response.headers["X-Request-Id"] in response.content.decode()


def test_navigation__people__only_for_administrators():
    def labels(person):
        request = RequestFactory().get("/audit/")
        request.user = person
        entries = dict(navigation_for(request))[Section.ADMINISTRATION]
        return {entry.label: entry.is_current for entry in entries}

    assert "People and roles" not in labels(create_viewer())
    found = labels(create_administrator())
    assert found["Audit"]
    assert not found["People and roles"]


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", "Overview"),
        ("/changes/3/", "Changes"),
        ("/changes/history/", "History"),
        ("/changes/revisions/2/", "History"),
        ("/learning/default/", "Receive connectors"),
        ("/account/tokens/", None),
    ],
)
def test_navigation__marks_the_nearest_page_above__the_root_only_for_itself(path, current):
    request = RequestFactory().get(path)
    request.user = create_viewer()
    pages = [page for _, entries in navigation_for(request) for entry in entries for page in entry.pages]
    assert [page.label for page in pages if page.is_current] == ([current] if current else [])


@pytest.mark.parametrize(
    ("path", "tabs"),
    [
        ("/mail-flow/remote-domains/", ["Accepted domains", "Remote domains"]),
        ("/mail-flow/remote-domains/new/", []),
        ("/queues/", []),
    ],
)
def test_navigation__pages_of_a_group__share_an_entry_and_are_tabs_of_each_other(path, tabs):
    request = RequestFactory().get(path)
    request.user = create_viewer()
    navigation = navigation_for(request)
    assert [page.label for page in tabs_for(navigation, path)] == tabs
    (current,) = [entry.label for _, entries in navigation for entry in entries if entry.is_current]
    assert current == ("Domains" if "domains" in path else "Queues")


def test_navigation__every_key__goes_to_one_page():
    keys = [item.key for item in _items.values() if item.key]
    assert len(keys) == len(set(keys))


def test_help__every_topic__opens_and_is_found():
    from mailconsole.common.help import TOPICS, find_topics

    client = signed_in(create_viewer())
    for topic in TOPICS:
        assert client.get(f"/help/{topic.slug}/").status_code == 200
        assert topic in find_topics(topic.title)
    assert client.get("/help/no-such-topic/").status_code == 404


def test_help__settings__lists_the_table():
    page = signed_in(create_viewer()).get("/help/settings/").content.decode()
    assert "MAILCONSOLE_TRANSPORT_WORKERS" in page


def test_search__help_word__is_found_and_hostile_query_is_escaped():
    client = signed_in(create_viewer())
    assert "/help/keys/" in client.get("/search/", {"q": "keys mouse"}).content.decode()
    assert "<script>alert" not in client.get("/search/", {"q": "<script>alert(1)"}).content.decode()


def test_settings__broker_that_up_started__is_not_taken_for_a_setting_of_somebody(monkeypatch, settings):
    monkeypatch.setenv("REDIS_URL", "redis://:secret@127.0.0.1:7777/0")
    assert "Embedded" not in signed_in(create_viewer()).get("/settings/").content.decode()
    (settings.HOME / "run").mkdir(exist_ok=True)
    kept = settings.HOME / "run" / "valkey.json"
    kept.write_text('{"port": 7777, "password": "secret"}')
    page = signed_in(create_viewer()).get("/settings/").content.decode()
    kept.unlink()
    assert "Embedded" in page
    assert "secret" not in page.partition("REDIS_URL")[2].partition("</tr>")[0]


def test_settings__a_password_in_a_url__is_not_shown(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://mail:hunter2@db.example:5432/console?sslpassword=hunter2")
    page = signed_in(create_viewer()).get("/settings/").content.decode()
    assert "postgres://db.example:5432/console" in page
    assert "hunter2" not in page


def test_unknown_host__says_which_setting_and_repeats_nothing():
    response = Client().get("/account/sign-in/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "MAILCONSOLE_ALLOWED_HOSTS" in response.content.decode()
    assert "evil.example" not in response.content.decode()
