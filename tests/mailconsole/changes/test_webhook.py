"""Telling a program: signed, tried again, never to our own machine by the way of DNS."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import socket
import ssl
import threading
import time
from datetime import timedelta

import pytest
from django.urls import reverse
from pydantic import ValidationError

from mailconsole.changes.models import WebhookCall
from mailconsole.changes.refusals import SecretNotStored
from mailconsole.changes.services import webhook
from mailconsole.changes.services.break_glass import break_glass_publish
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.services.webhook import TRIES, NotReached, post_signed, send_due
from mailconsole.changes.states import ChangeState
from mailconsole.common.secrets import store_secret
from tests.mailconsole.changes.kit import NOW, create_change
from tests.support.factories import create_administrator, create_reviewer, signed_in
from transport.config.objects import Organization

pytestmark = pytest.mark.django_db


class Program(http.server.HTTPServer):
    """Keeps what it got, and answers as told."""

    answer = 204
    got: list[tuple[str, dict[str, str], bytes]]


@pytest.fixture
def listener():
    """A web server on loopback that answers as told and keeps what it got."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, dict(self.headers), body))
            self.send_response(server.answer)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            """Quiet."""

    server = Program(("127.0.0.1", 0), Handler)
    server.got = got
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def set_webhook(listener, **fields):
    store_secret(name="hook", value="key")
    admin = create_administrator()
    change = open_change(author=admin, now=NOW)
    url = f"http://127.0.0.1:{listener.server_port}/hook?x=1"
    settings = {"review_webhook_url": url, "review_webhook_secret": "hook",
                "is_webhook_to_own_host_allowed": True} | fields  # fmt: skip
    stage_item(change=change, actor=admin, kind="organization", object_id="organization", after=settings, now=NOW)
    break_glass_publish(change=change, actor=admin, reason="x", now=NOW)
    WebhookCall.objects.all().delete()
    return admin


def test_webhook__change_submitted__is_told_once_and_signed_with_its_time(listener):
    set_webhook(listener)
    change = create_change(ChangeState.IN_REVIEW)
    assert send_due(now=NOW) == 1
    assert send_due(now=NOW + timedelta(days=1)) == 0
    ((path, headers, body),) = listener.got
    timestamp = headers["X-Mailconsole-Timestamp"]
    expected = hmac.new(b"key", f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert (path, headers["X-Mailconsole-Signature"]) == ("/hook?x=1", f"sha256={expected}")
    told = json.loads(body)
    assert (told["event"], told["change"]) == ("review_wanted", change.pk)
    assert timestamp == str(int(NOW.timestamp()))


@pytest.mark.parametrize("answer", [500, 302])
def test_webhook__not_taken__is_tried_again_later_without_following_and_given_up_in_the_end(listener, answer):
    set_webhook(listener)
    listener.answer = answer
    create_change(ChangeState.IN_REVIEW)
    assert send_due(now=NOW) == 0
    assert send_due(now=NOW + timedelta(seconds=29)) == 0
    assert len(listener.got) == 1
    for hours in range(2, TRIES + 5):
        send_due(now=NOW + timedelta(hours=hours))
    call = WebhookCall.objects.get()
    assert (len(listener.got), call.next_at, call.result) == (TRIES, None, f"Answered {answer}.")
    assert "Given up" in signed_in(create_reviewer()).get(reverse("changes:notices")).content.decode()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_webhook__leads_to_our_own_machine__is_not_called(listener, host):
    with pytest.raises(NotReached, match="allow that"):
        post_signed(f"http://{host}:{listener.server_port}/", b"", {}, False)
    assert listener.got == []


def test_webhook__secret_gone_or_nobody_there__is_shown_and_tried_again(listener):
    set_webhook(listener, review_webhook_url="http://127.0.0.1:1/")
    create_change(ChangeState.IN_REVIEW)
    assert send_due(now=NOW) == 0
    call = WebhookCall.objects.get()
    assert "127.0.0.1 was not reached" in call.result
    assert call.next_at == NOW + timedelta(seconds=30)


def test_webhook__without_an_address__nothing_is_kept():
    create_change(ChangeState.IN_REVIEW)
    assert not WebhookCall.objects.exists()


def test_webhook__key_typed_instead_of_its_name__is_not_kept():
    admin = create_administrator()
    change = open_change(author=admin, now=NOW)
    settings = {"review_webhook_url": "https://chat.contoso.com/", "review_webhook_secret": "hunter2"}
    with pytest.raises(SecretNotStored):
        stage_item(change=change, actor=admin, kind="organization", object_id="organization", after=settings, now=NOW)


@pytest.mark.parametrize(
    "url", ["ftp://x/", "chat", "https://", "https://u:p@chat/", "https://chat:99999/", "https://chat/a b"]
)
def test_settings__no_web_address__is_refused(url):
    with pytest.raises(ValidationError):
        Organization(review_webhook_url=url, review_webhook_secret="hook")


@contextlib.contextmanager
def raw_server(answer, context=None):
    """A socket that sends what ``answer`` yields to one caller, once it has their whole request: closing with any of it
    unread, or still on its way, would reset the connection, and the answer with it."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(30)

    def serve():
        with contextlib.suppress(OSError):
            peer, _ = server.accept()
            peer = context.wrap_socket(peer, server_side=True) if context is not None else peer
            with peer:
                read_request(peer)
                for part in answer():
                    peer.sendall(part)
                while peer.recv(65536):  # until they hang up
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1]
    server.close()
    thread.join()


def read_request(peer):
    with peer.makefile("rb") as said:
        said.readline()
        said.read(int(http.client.parse_headers(said)["Content-Length"]))


def trickle():
    for _ in range(1200):
        time.sleep(0.05)
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


def test_webhook__answer_that_never_ends__is_hung_up_on(monkeypatch):
    monkeypatch.setattr(webhook, "WHOLE_CALL_S", 0.2)
    began = time.monotonic()
    with raw_server(trickle) as port, pytest.raises(NotReached):
        post_signed(f"http://127.0.0.1:{port}/", b"{}", {}, True)
    assert time.monotonic() - began < 30


def test_webhook__certificate__is_verified_for_the_name(authority, monkeypatch):
    issued = authority.issue("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain, issued.key)

    def post(host):
        with raw_server(lambda: [b"HTTP/1.1 204 No Content\r\n\r\n"], context) as port:
            return post_signed(f"https://{host}:{port}/", b"{}", {}, True)

    with pytest.raises(NotReached, match="CERTIFICATE_VERIFY_FAILED"):
        post("localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(issued.ca))
    assert post("localhost") == 204
    with pytest.raises(NotReached, match="CERTIFICATE_VERIFY_FAILED"):
        post("127.0.0.1")


def test_webhook__address_of_our_own_network_card__is_not_called():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address of ours would
        own = probe.getsockname()[0]
    with pytest.raises(NotReached, match="allow that"):
        post_signed(f"http://{own}:1/", b"", {}, False)


@pytest.mark.parametrize("host", ["a..example", "x" * 64 + ".example"])
def test_webhook__host_that_is_no_name__is_not_reached_and_others_are(listener, host):
    set_webhook(listener, review_webhook_url=f"https://{host}/")
    create_change(ChangeState.IN_REVIEW)
    assert send_due(now=NOW) == 0
    assert "has no address" in WebhookCall.objects.get().result
