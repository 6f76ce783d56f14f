"""%00 in every address: no answer is the server's fault, on PostgreSQL either, which takes no NUL in any text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory

import mailconsole
from mailconsole.accounts.roles import Role
from mailconsole.api.root import api
from mailconsole.common.storable_address import StorableAddressMiddleware
from tests.mailconsole.changes.kit import create_change
from tests.mailconsole.security.addresses import SAMPLES, all_addresses
from tests.support.factories import create_person, signed_in

NUL = "a\0b"
READ_RAW = re.compile(r"request\.GET(?:\.get\(|\[)\"(\w+)\"")
LEFT_OUT = ("live:stream", "accounts:sign-out")


@pytest.fixture
def client(db) -> Client:
    create_change()
    client = signed_in(create_person(*Role))
    client.raise_request_exception = False
    return client


def names_read() -> list[str]:
    """Parameters that pages read without a form, which would refuse a NUL."""
    files = Path(mailconsole.__file__).parent.rglob("*.py")
    return sorted({name for file in files for name in READ_RAW.findall(file.read_text())})


def asked_of_api() -> Iterator[str]:
    """Each GET of the OpenAPI document with NULs in one text after the other."""
    for path, verbs in api.get_openapi_schema()["paths"].items():
        said: list[dict[str, Any]] = verbs.get("get", {}).get("parameters", [])
        samples = {one["name"]: str(SAMPLES.get(one["name"], "x")) for one in said if one["in"] == "path"}
        for one in said:
            if one["in"] == "path":
                yield path.format(**samples | {one["name"]: quote(NUL)})
            else:
                yield f"{path.format(**samples)}?{urlencode({one['name']: NUL})}"


def test_api__nul_in_any_parameter__is_no_fault_of_ours(client, live_redis):
    asked = list(asked_of_api())
    assert any("learning" in one for one in asked) and any("/audit?q=" in one for one in asked)
    # 503 is the answer about a node that is not there, whatever it is called.
    assert [one for one in asked if client.get(one).status_code == 500] == []


def test_pages__nul_in_every_parameter__are_no_fault_of_ours(client, live_redis):
    names = names_read()
    assert {"q", "key", "against", "after"} <= set(names)
    paths = [one.path for one in all_addresses() if one.name not in LEFT_OUT and not one.path.startswith("/api/")]
    said = urlencode(dict.fromkeys(names, NUL))
    assert [path for path in paths if client.get(f"{path}?{said}").status_code == 500] == []
    assert [path for path in paths if client.get(f"{path.rstrip('/')}%00/").status_code == 500] == []


@pytest.mark.django_db
def test_cookie__of_a_session_with_a_nul__is_nobody():
    client = Client()
    client.raise_request_exception = False
    assert client.get("/", headers={"cookie": 'sessionid="aaaaaaaaaaaa\\000"'}).status_code == 302


def test_request__with_nuls__has_none_when_it_is_read():
    seen: list[HttpRequest] = []
    request = RequestFactory().get("/a%00b/?q=a%00b", headers={"cookie": 'x="a\\000b"'})
    StorableAddressMiddleware(lambda one: seen.append(one))(request)
    assert (seen[0].GET["q"], seen[0].path_info) == ("a\ufffdb", "/a\ufffdb/")
    assert seen[0].COOKIES["x"] == "a?b"
