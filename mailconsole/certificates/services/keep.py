"""Certificates come, are replaced and go: in the audit, with their keys in the secret store. Nodes take them within
seconds. Nobody gets a key back."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.pem import Pair
from mailconsole.certificates.refusals import BadName, CertificateInUse, NameTaken
from mailconsole.certificates.uses import uses
from mailconsole.common.secrets import forget_secret, has_secret, read_secret, store_secret

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
RESERVED = {"cert", "key", "client-ca", "self-made"} | {"add", "request", "requests"}
"""Files of these names mean something else on a node, and pages of these names in the console and the API."""


def checked_name(name: str) -> str:
    """The name that a new certificate may have. Raises BadName."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise BadName("A name has up to 63 of the letters a to z, figures, dots, hyphens and underscores; "
                      f"{', '.join(sorted(RESERVED))} mean something else.")  # fmt: skip
    return name


@transaction.atomic
def add_certificate(
    *, name: str, pair: Pair, actor: User, now: datetime, request: HttpRequest | None = None
) -> ServerCertificate:
    """A new one. Raises RoleRequired, BadName, NameTaken."""
    check_role(actor, Role.ADMINISTRATOR)
    name = checked_name(name)
    if ServerCertificate.objects.filter(name=name).exists():
        raise NameTaken(f"There is a certificate {name} already: replace it on its page, or choose another name.")
    certificate = ServerCertificate(name=name, version=0)
    return _install(certificate, pair, "add", actor, now, request)


@transaction.atomic
def replace_certificate(
    *, certificate: ServerCertificate, pair: Pair, actor: User, now: datetime, request: HttpRequest | None = None
) -> ServerCertificate:
    """Another one under the same name: the renewed one, or an authority's answer to a request. Raises RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    certificate = ServerCertificate.objects.select_for_update().get(pk=certificate.pk)
    return _install(certificate, pair, "replace" if certificate.is_installed else "install", actor, now, request)


def _install(
    certificate: ServerCertificate, pair: Pair, verb: str, actor: User, now: datetime, request: HttpRequest | None
) -> ServerCertificate:
    before = said_of(certificate) if certificate.is_installed else None
    certificate.chain_pem, certificate.names = pair.chain_pem, list(pair.names)
    certificate.subject, certificate.issuer = pair.subject, pair.issuer
    certificate.is_self_signed, certificate.fingerprint = pair.is_self_signed, pair.fingerprint
    certificate.not_before, certificate.not_after = pair.not_before, pair.not_after
    if _is_answer(certificate, pair):
        certificate.request_pem = ""
        forget_secret(certificate.requested_secret_name)
    certificate.version += 1
    certificate.updated_at, certificate.updated_by = now, actor.get_username()
    certificate.save()
    store_secret(name=certificate.secret_name, value=pair.key_pem)
    _tell(verb, certificate, f"for {', '.join(pair.names[:5])}, until {pair.not_after:%Y-%m-%d}", actor, now, request,
          before, said_of(certificate))  # fmt: skip
    return certificate


def _is_answer(certificate: ServerCertificate, pair: Pair) -> bool:
    """Whether it is what was requested; else the request stays open."""
    requested = certificate.requested_secret_name
    return has_secret(requested) and read_secret(requested) == pair.key_pem


@transaction.atomic
def remove_certificate(
    *, certificate: ServerCertificate, actor: User, now: datetime, reason: str = "", request: HttpRequest | None = None
) -> None:
    """Take it from the console and from all nodes. Raises RoleRequired, CertificateInUse."""
    check_role(actor, Role.ADMINISTRATOR)
    used = uses(ServerCertificate.objects.all()).get(certificate.name, [])
    if used:
        raise CertificateInUse(f"Used by {', '.join(map(str, used))}. Let the connector show another one first.")
    before = said_of(certificate)
    forget_secret(certificate.secret_name)
    forget_secret(certificate.requested_secret_name)
    certificate.delete()
    _tell("remove", certificate, "", actor, now, request, before, None, reason)


def said_of(certificate: ServerCertificate) -> dict[str, object]:
    """What the audit keeps of it."""
    return {
        "names": certificate.names,
        "issuer": certificate.issuer,
        "not_after": certificate.not_after,
        "fingerprint": certificate.fingerprint,
    }


_DONE = {"add": "added", "replace": "replaced", "install": "installed", "remove": "removed", "request": "requested"}


def _tell(
    verb: str,
    certificate: ServerCertificate,
    what: str,
    actor: User,
    now: datetime,
    request: HttpRequest | None,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
    reason: str = "",
) -> None:
    record(
        actor=actor,
        action=f"certificate.{verb}",
        object_kind="certificate",
        object_id=certificate.name,
        summary=f"Certificate {certificate.name} {_DONE[verb]} {what}".strip(),
        before=before,
        after=after,
        reason=reason.strip()[:500],
        request=request,
        now=now,
    )
