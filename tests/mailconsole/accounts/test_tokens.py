from datetime import UTC, datetime, timedelta

import pytest

from mailconsole.accounts.models import ApiToken
from mailconsole.accounts.roles import Role
from mailconsole.accounts.scopes import Scope
from mailconsole.accounts.services import people, tokens
from mailconsole.audit.models import AuditEntry
from tests.support.factories import (
    create_administrator,
    create_auditor,
    create_editor,
    create_person,
    create_viewer,
    signed_in,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make(owner, *scopes, expires_at=None):
    return tokens.create_token(owner=owner, name="script", scopes=scopes, now=NOW, expires_at=expires_at)


def test_token__made__speaks_for_its_owner_and_is_kept_as_a_digest():
    erin = create_editor()
    made = make(erin, Role.EDITOR)
    bearer = tokens.bearer_of(made.text, now=NOW)
    assert bearer is not None
    assert bearer.person == erin
    assert bearer.roles == {"editor", "viewer"}
    assert made.text not in str(ApiToken.objects.values().get())
    assert made.text not in str(list(AuditEntry.objects.values()))


def test_token__of_a_role_not_held__refuses():
    with pytest.raises(tokens.ScopeNotHeld):
        make(create_viewer(), Role.EDITOR)


def test_token__of_a_scope__speaks_for_that_alone_and_only_of_who_has_its_role():
    made = make(create_auditor(), Scope.AUDIT_READ)
    bearer = tokens.bearer_of(made.text, now=NOW)
    assert bearer is not None and bearer.roles == {"audit:read"}
    with pytest.raises(tokens.ScopeNotHeld, match="audit:read needs, the role auditor"):
        make(create_person(Role.EDITOR, Role.REVIEWER), Scope.AUDIT_READ)
    page = signed_in(create_editor()).get("/account/tokens/").content.decode()
    assert "audit:read" not in page
    assert "audit:read" in signed_in(create_auditor()).get("/account/tokens/").content.decode()


def test_token__scope_that_nobody_knows__grants_nothing():
    made = make(create_editor(), Role.VIEWER)
    ApiToken.objects.update(scopes=["viewer", "queues:read"])
    bearer = tokens.bearer_of(made.text, now=NOW)
    assert bearer is not None and bearer.roles == {"viewer"}


def test_token__owner_lost_the_role__loses_it_too():
    erin = create_editor()
    made = make(erin, Role.EDITOR)
    people.edit_person(actor=create_administrator(), person=erin, full_name="E", email="", roles=[Role.VIEWER])
    bearer = tokens.bearer_of(made.text, now=NOW)
    assert bearer is not None
    assert bearer.roles == {"viewer"}


def test_token__owner_switched_off__speaks_for_nobody():
    erin = create_editor()
    made = make(erin, Role.EDITOR)
    people.switch_off_person(actor=create_administrator(), person=erin, reason="left")
    assert tokens.bearer_of(made.text, now=NOW) is None


def test_token__ended_revoked_or_unknown__speaks_for_nobody():
    erin = create_editor()
    made = make(erin, Role.VIEWER, expires_at=NOW + timedelta(days=1))
    assert tokens.bearer_of(made.text, now=NOW + timedelta(days=1)) is None
    assert tokens.bearer_of("mc_unknown", now=NOW) is None
    tokens.revoke_token(actor=erin, token=made.token, now=NOW)
    assert tokens.bearer_of(made.text, now=NOW) is None


def test_revoke__somebody_elses__refuses():
    made = make(create_editor(), Role.VIEWER)
    with pytest.raises(tokens.TokenNotYours):
        tokens.revoke_token(actor=create_viewer(), token=made.token, now=NOW)


def test_use__often__is_noted_once_a_minute():
    made = make(create_editor(), Role.VIEWER)
    tokens.bearer_of(made.text, now=NOW)
    tokens.bearer_of(made.text, now=NOW + timedelta(seconds=30))
    assert ApiToken.objects.get().last_used_at == NOW


def test_page__make_and_revoke__shows_the_token_once():
    client = signed_in(create_editor())
    page = client.post("/account/tokens/", {"name": "Nagios", "scopes": ["viewer"], "lifetime": "30"}).content.decode()
    text = page.split("data-once>")[1].split("<")[0]
    assert tokens.bearer_of(text, now=datetime.now(UTC)) is not None
    assert text not in client.get("/account/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert signed_in(create_viewer()).post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert tokens.bearer_of(text, now=datetime.now(UTC)) is None


def test_page__a_scope_not_held__is_refused_at_the_field():
    page = signed_in(create_viewer()).post("/account/tokens/", {"name": "x", "scopes": ["editor"], "lifetime": "30"})
    assert "is-invalid" in page.content.decode()
    assert not ApiToken.objects.exists()


def test_token_of_another__revoked_on_the_persons_page__ends_that_one_and_is_audited():
    erin, ada = create_editor(full_name="Erin Editor"), create_administrator()
    lost, kept = make(erin, Role.EDITOR), make(erin, Role.VIEWER)
    browser = signed_in(ada)
    page = browser.get(f"/people/{erin.pk}/").content.decode()
    assert lost.token.prefix in page and lost.text not in page
    path = f"/people/{erin.pk}/tokens/{lost.token.pk}/revoke/"
    answer = browser.post(path, follow=True).content.decode()
    assert "The token script of Erin Editor no longer works." in answer
    assert lost.token.prefix not in answer and kept.token.prefix in answer
    assert tokens.bearer_of(lost.text, now=NOW) is None and tokens.bearer_of(kept.text, now=NOW) is not None
    entry = AuditEntry.objects.get(action="token.revoked")
    assert (entry.actor_name, entry.summary) == (ada.username, "Revoked the API token script of Erin Editor")


def test_token_of_another__asked_by_no_administrator_or_under_another_person__stays():
    erin, ada = create_editor(), create_administrator()
    made = make(erin, Role.EDITOR)
    for person in (erin, create_auditor()):
        assert signed_in(person).post(f"/people/{erin.pk}/tokens/{made.token.pk}/revoke/").status_code == 403
    assert signed_in(ada).post(f"/people/{ada.pk}/tokens/{made.token.pk}/revoke/").status_code == 404
    assert signed_in(ada).get(f"/people/{erin.pk}/tokens/{made.token.pk}/revoke/").status_code == 405
    assert tokens.bearer_of(made.text, now=NOW) is not None
