"""Who gets what at every address, as a table; and that no POST is taken from another site.

MAILCONSOLE_GOLDEN=1 writes the table anew: read its difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.test import Client

from mailconsole.accounts.roles import Role
from mailconsole.audit.models import AuditEntry
from tests.mailconsole.changes.kit import create_change
from tests.mailconsole.security.addresses import Address, all_addresses
from tests.support.factories import create_person, signed_in

pytestmark = pytest.mark.django_db(reset_sequences=True)  # the addresses name change 1, also on PostgreSQL
TABLE = Path(__file__).parent / "permissions.txt"
PEOPLE: tuple[tuple[str, tuple[Role, ...] | None], ...] = (
    ("nobody", None),
    ("no-role", ()),
    *((role.value, (role,)) for role in Role),
)
STREAM = "live:stream"  # never ends; asked for in tests/mailconsole/nodes
SIGN_OUT = "accounts:sign-out"  # would end the session of all that follow


def client_of(roles: tuple[Role, ...] | None) -> Client:
    client = Client() if roles is None else signed_in(create_person(*roles))
    client.raise_request_exception = False
    return client


def asked(client: Client, method: str, address: Address) -> str:
    """The answer's kind: what it says of permission, not what is behind it."""
    data = "{}" if address.path.startswith("/api/") and method == "POST" else None
    answer = client.generic(method, address.path, data or "", content_type="application/json" if data else
                            "application/x-www-form-urlencoded")  # fmt: skip
    if answer.status_code == 302:
        to = answer.headers["Location"]
        return "sign-in" if to.startswith("/account/sign-in/") else "answer"
    return {401: "401", 403: "403", 405: "405", 500: "500"}.get(answer.status_code, "answer")


def rows() -> list[str]:
    create_change()
    clients = [(name, client_of(roles)) for name, roles in PEOPLE]
    found = []
    for address in all_addresses():
        if address.name in (STREAM, SIGN_OUT):
            continue
        for method in ("GET", "POST"):
            kinds: dict[str, list[str]] = {}
            for name, client in clients:
                kinds.setdefault(asked(client, method, address), []).append(name)
            said = "; ".join(f"{kind}: {' '.join(names)}" for kind, names in kinds.items())
            found.append(f"{method:<4} {address.path}  {said}")
    return found


def test_every_address__every_role__is_answered_as_the_table_says(monkeypatch):
    found = rows()
    if os.environ.get("MAILCONSOLE_GOLDEN"):
        TABLE.write_text("\n".join(found) + "\n")
    assert found == TABLE.read_text().splitlines()


def test_no_address__answers_nobody_with_more_than_the_way_in():
    open_to_all = [row for row in TABLE.read_text().splitlines() if "answer: nobody" in row]
    assert {row.split()[1] for row in open_to_all} == {"/account/sign-in/", "/api/v1/", "/api/v1/openapi.json"}
    assert " 500" not in TABLE.read_text()


@pytest.mark.parametrize("roles", [(), (Role.VIEWER,)])
def test_every_post__of_who_may_change_nothing__changes_nothing(roles):
    change = create_change()
    person = create_person(*roles)
    client, before = signed_in(person), AuditEntry.objects.count()
    form = {"reason": "x", "name": "mail", "act": "retry x", "comment": "x", "key": "x", "title": "x"}
    for address in all_addresses():
        if address.name != SIGN_OUT and not address.path.startswith("/account/"):
            client.post(address.path, form)
            for method in ("PUT", "PATCH", "DELETE", "POST"):
                client.generic(method, address.path, '{"reason": "x"}', content_type="application/json")
    change.refresh_from_db()
    assert AuditEntry.objects.count() == before and change.state == "draft" and change.items.count()


def test_every_post__from_another_site__is_refused():
    """A session's cookie alone moves nothing: neither pages nor the API."""
    person = create_person(*Role)
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    taken = []
    for address in all_addresses():
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            status = client.generic(method, address.path, "{}", content_type="application/json").status_code
            if status not in (403, 405):
                taken.append((method, address.path, status))
    assert not taken
