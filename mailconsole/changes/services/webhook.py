"""Tell a program of changes: a signed POST, tried again and again for some hours, its last answer shown.

The address is checked when it is connected to, after DNS: it never leads to this machine unless that is allowed, and no
redirect is followed.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from mailconsole.changes.models import Change, WebhookCall
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import News
from mailconsole.common.secrets import SecretMissing, read_secret
from transport.config.objects import Organization

TIMEOUT_S = 5.0
WHOLE_CALL_S = 15.0
"""However slowly it answers: whoever trickles an answer, or says 100 Continue for ever, keeps no worker."""
TRIES = 10
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
KEPT = timedelta(days=30)
Post = Callable[[str, bytes, dict[str, str], bool], int]


class NotReached(Exception):
    """The call could not be made; ``str()`` says why, for people."""


def plan_call(news: News, change: Change, text: str, *, now: datetime) -> None:
    """Remember to tell, in the transaction of what happened; nothing where no address is set."""
    if not _settings().review_webhook_url:
        return
    told = {"event": news.value, "change": change.pk, "title": change.title, "author": change.author.username,
            "text": text, "at": now.isoformat()}  # fmt: skip
    WebhookCall.objects.create(body=json.dumps(told, sort_keys=True), created_at=now, next_at=now)


def send_due(*, now: datetime, post: Post | None = None) -> int:
    """Make the calls that are due; how many were taken."""
    WebhookCall.objects.filter(created_at__lt=now - KEPT).delete()
    due = WebhookCall.objects.filter(next_at__lte=now).order_by("next_at", "pk")[:20]
    return sum(_send(call, now, post or post_signed) for call in due)


def _send(call: WebhookCall, now: datetime, post: Post) -> bool:
    tries = call.tries + 1
    wait = min(FIRST_WAIT * 2**call.tries, LONGEST_WAIT)
    next_at = now + wait if tries < TRIES else None
    # Two beats at once: whoever counts the try makes it.
    if not WebhookCall.objects.filter(pk=call.pk, tries=call.tries).update(tries=tries, next_at=next_at):
        return False
    settings = _settings()
    try:
        status = post(settings.review_webhook_url, call.body.encode(), _headers(settings, call.body, now),
                      settings.is_webhook_to_own_host_allowed)  # fmt: skip
    except (NotReached, SecretMissing) as problem:
        WebhookCall.objects.filter(pk=call.pk).update(result=str(problem)[:300])
        return False
    is_taken = 200 <= status < 300
    said = {"result": f"Answered {status}."} | ({"next_at": None, "taken_at": now} if is_taken else {})
    WebhookCall.objects.filter(pk=call.pk).update(**said)
    return is_taken


def _settings() -> Organization:
    return load_document(head_revision()).organization


def _headers(settings: Organization, body: str, now: datetime) -> dict[str, str]:
    """The time is signed too, so that an old call can't be made again. Raises SecretMissing."""
    timestamp = str(int(now.timestamp()))
    key = read_secret(settings.review_webhook_secret).encode()
    signature = hmac.new(key, f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Mailconsole",
        "X-Mailconsole-Timestamp": timestamp,
        "X-Mailconsole-Signature": f"sha256={signature}",
    }


def post_signed(url: str, body: bytes, headers: dict[str, str], may_reach_own_host: bool) -> int:
    """The status of the answer. Raises NotReached."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise NotReached("No address is set any more.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address_of(parts.hostname, port, may_reach_own_host)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=TIMEOUT_S)
    end = threading.Timer(WHOLE_CALL_S, _hang_up, [connection])
    try:
        # Connected to the address that was checked: asking DNS again could give another one.
        connection.sock = socket.create_connection((address, port), timeout=TIMEOUT_S)
        end.start()
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        connection.request("POST", target, body=body, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotReached(f"{parts.hostname} was not reached: {str(error) or type(error).__name__}.") from error
    finally:
        end.cancel()
        connection.close()


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """From another thread: what reads or writes there ends at once. Below TLS, whose own shutdown would wait."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _address_of(host: str, port: int, may_reach_own_host: bool) -> str:
    """The first address of the host. Raises NotReached where one of them is our own machine's, or has no name."""
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:  # a label that is empty or too long is no name for IDNA
        raise NotReached(f"{host} has no address: {getattr(error, 'strerror', '') or error}.") from error
    if not may_reach_own_host and any(map(_is_own, found)):
        raise NotReached(f"{host} leads to this machine or its link: allow that in the organisation's settings first.")
    return found[0]


def _is_own(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped if mapped is not None else address
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return True
    return _is_bindable(address)


def _is_bindable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Only an address of our own can be bound: our ports are behind the address of the network card too."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
