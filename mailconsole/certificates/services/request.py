"""A new key and the request for its certificate. The key waits in the secret store until the authority has answered;
what connectors show meanwhile stays."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.certificates import pem
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.refusals import BadCertificate
from mailconsole.certificates.services.keep import checked_name
from mailconsole.common.secrets import SecretMissing, read_secret, store_secret

MAX_NAMES = 50
_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@transaction.atomic
def request_certificate(
    *,
    name: str,
    hosts: Sequence[str],
    actor: User,
    now: datetime,
    is_rsa: bool = False,
    organization: str = "",
    request: HttpRequest | None = None,
) -> ServerCertificate:
    """Make a key and its request, for a new certificate or for the successor of one. Raises RoleRequired, BadName,
    BadCertificate."""
    check_role(actor, Role.ADMINISTRATOR)
    name, wanted = checked_name(name), checked_hosts(hosts)
    key = pem.new_key(is_rsa=is_rsa)
    found = ServerCertificate.objects.select_for_update().filter(name=name).first()
    certificate = found or ServerCertificate(name=name, version=0)
    certificate.request_pem = pem.make_request(key, wanted, organization)
    certificate.updated_at, certificate.updated_by = now, actor.get_username()
    # What is installed is not ours to write: another may be installing the successor.
    certificate.save(update_fields=["request_pem", "updated_at", "updated_by"] if found else None)
    store_secret(name=certificate.requested_secret_name, value=pem.key_text(key))
    record(
        actor=actor,
        action="certificate.request",
        object_kind="certificate",
        object_id=name,
        summary=f"Certificate {name} requested for {', '.join(wanted[:5])}",
        after={"names": wanted, "key": "RSA" if is_rsa else "P-256"},
        request=request,
        now=now,
    )
    return certificate


def checked_hosts(hosts: Sequence[str]) -> list[str]:
    """Host names and addresses in lower case, each once. Raises BadCertificate."""
    wanted = list(dict.fromkeys(one.strip().lower().rstrip(".") for one in hosts if one.strip()))
    if not wanted or len(wanted) > MAX_NAMES:
        raise BadCertificate(f"Say for which host names: one to {MAX_NAMES}.")
    for one in wanted:
        if not _is_host(one):
            raise BadCertificate(f"{one[:80]!r} is no host name and no address; write others in their xn-- form.")
    return wanted


def _is_host(text: str) -> bool:
    if _HOST.fullmatch(text) and len(text) <= 253:
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def known_key(certificate: ServerCertificate, chain: bytes) -> bytes:
    """The key that the console has for a chain given without one: that of the request, or the present one.
    Raises BadCertificate."""
    for secret in (certificate.requested_secret_name, certificate.secret_name):
        try:
            text = read_secret(secret).encode("ascii")
            pem.read_pem(chain, text, now=datetime.min.replace(tzinfo=UTC))
        except (SecretMissing, BadCertificate):
            continue
        return text
    raise BadCertificate("The certificate fits no key that the console has: give its key too.")
