"""A change in the whole product, with beat and worker and node: who is told and how, its time and its end."""

import hashlib
import hmac
import http.server
import json
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.factories import PASSWORD
from tests.support.product import ROOT, Product
from tests.support.product_people import Person, wait_until
from tests.support.sink import Sink

DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test, review_webhook_url: "http://127.0.0.1:{web}/hook",
  review_webhook_secret: hook, is_webhook_to_own_host_allowed: true}}
receive_connectors: [{{id: default, name: Default}}]
accepted_domains: [{{id: acme, name: Acme, domain: acme.example, domain_type: InternalRelay, is_default: true}}]
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{smtp}"]}}
"""
PEOPLE = """
from django.utils import timezone
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.tokens import create_token
from mailconsole.changes.services.notices import wish_mail
from tests.support.factories import create_person
now = timezone.now()
for name, role in (("erin", Role.EDITOR), ("rudi", Role.REVIEWER)):
    person = create_person(role, username=name, email=name + "@acme.example")
    print("TOKEN", create_token(owner=person, name="test", scopes=[role], now=now, expires_at=None).text)
wish_mail(person=person, is_wanted=True, now=now)
"""


@pytest.fixture
def told():
    """A program on loopback: the headers and bodies that it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Program(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Program)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, got
    server.shutdown()
    server.server_close()


def in_product(product: Product, command: list[str], said: str) -> str:
    done = subprocess.run([sys.executable, ROOT / "manage.py", *command], env=product.environment, input=said,
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Caller:
    def __init__(self, product: Product, token: str) -> None:
        self.url, self.token = f"{product.url}/api/v1", token

    def __call__(self, method: str, path: str, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = json.dumps(body or {}).encode() if method != "GET" else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # of our own
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def in_seconds(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_change__submitted_scheduled_ended__tells_people_and_programs_and_keeps_its_times(
    product: Product, sink: Sink, told, browser, complaints
):
    port, got = told
    in_product(product, ["config", "secret", "hook"], "key\n")
    product.apply(DOCUMENT.format(web=port, smtp=sink.port))
    made = in_product(product, ["shell", "-c", PEOPLE], "").splitlines()
    erin, rudi = (Caller(product, line.split()[1]) for line in made if line.startswith("TOKEN"))
    path = f"/changes/{erin('POST', '/changes', {'title': 'Migration'})['id']}"
    policy = {"name": "Old server", "networks": ["10.1.0.0/24"], "owner": "IT", "purpose": "Migration"}
    erin("POST", f"{path}/items/relay_policies", policy)
    erin("POST", f"{path}/expire", {"expires_at": in_seconds(25)})
    erin("POST", f"{path}/submit")
    digest = rudi("GET", f"{path}/plan")["digest"]
    rudi("POST", f"{path}/approve", {"digest": digest})
    rudi("POST", f"{path}/schedule", {"digest": digest, "at": in_seconds(3)})
    names = lambda: [one["name"] for one in rudi("GET", "/config")["relay_policies"]]  # noqa: E731
    wait_until(lambda: names() == ["Old server"], what="beat publishes it")
    wait_until(lambda: names() == [], what="beat takes it back", timeout_s=90)
    (mail,) = sink.wait_for(1, timeout_s=90)
    assert (mail.mail_from, mail.rcpt_to) == ("", ("rudi@acme.example",))
    assert b"asks for a review" in mail.data
    wait_until(lambda: len(got) >= 4, what="the program is told")
    for headers, body in got:
        signed = hmac.new(b"key", headers["X-Mailconsole-Timestamp"].encode() + b"." + body, hashlib.sha256)
        assert headers["X-Mailconsole-Signature"] == f"sha256={signed.hexdigest()}"
    assert {json.loads(body)["event"] for _, body in got} == {"review_wanted", "approved", "published", "ended"}
    assert not [file for file in (product.home / "log").glob("*.log") if "sha256=" in file.read_text(errors="replace")]
    bell = Person(browser, complaints, product)
    bell.sign_in("rudi", PASSWORD)
    bell.open("/changes/notices/")
    bell.sees("asks for a review of")
    assert "2 unread notices" in bell.page.content()  # the request, and, as who published it, the end
