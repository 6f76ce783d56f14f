"""Certificates over the API are bounded before anything reads them, and no key comes back."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from mailconsole.certificates.pem import MAX_CHAIN, MAX_KEY
from tests.support.factories import create_administrator, signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/certificates"


@pytest.mark.parametrize(("path", "said"), [
    ("", {"name": "mail", "chain_pem": "SECRET" * MAX_CHAIN}), ("", {"name": "mail", "key_pem": "SECRET" * MAX_KEY}),
    ("", {"name": "mail", "pkcs12": "SECRET" * MAX_CHAIN}), ("", {"name": "mail", "password": "SECRET" * 200}),
    ("", {"name": "SECRET" * 64}), ("/requests", {"name": "mail", "hosts": ["SECRET"] * 51}),
    ("/requests", {"name": "mail", "hosts": ["SECRET" * 255]}),
])  # fmt: skip
def test_taken__too_long__is_refused_by_its_shape(path, said):
    client: Client = signed_in(create_administrator())
    answer = client.post(f"{URL}{path}", json.dumps(said), content_type="application/json")
    assert answer.status_code == 422 and "at most" in answer.json()["problems"][0]["sentence"]
    assert "SECRET" not in answer.content.decode()
