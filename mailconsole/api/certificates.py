"""Certificates over HTTP: listed by everybody, changed by administrators; a key goes in and never comes out."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from mailconsole.accounts.access import check_role
from mailconsole.accounts.roles import Role
from mailconsole.api.auth import actor_of
from mailconsole.api.schemas import Taken, Why
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.pem import MAX_CHAIN, MAX_KEY, Pair
from mailconsole.certificates.refusals import BadCertificate
from mailconsole.certificates.services.given import read_given
from mailconsole.certificates.services.keep import add_certificate, remove_certificate, replace_certificate
from mailconsole.certificates.services.request import MAX_NAMES, request_certificate
from mailconsole.certificates.uses import uses

router = Router(tags=["certificates"])


class CertificateOut(Schema):
    """`request_pem` while an authority is asked; without `not_after` nothing is installed yet."""

    name: str
    names: list[str]
    subject: str
    issuer: str
    is_self_signed: bool
    not_before: datetime | None
    not_after: datetime | None
    fingerprint: str
    chain_pem: str
    request_pem: str
    used_by: list[str]


class CertificateGiven(Taken):
    """`chain_pem` with `key_pem`, or `pkcs12` in base 64; the key may be missing where the console has it."""

    chain_pem: str = Field("", max_length=MAX_CHAIN)
    key_pem: str = Field("", max_length=MAX_KEY)
    pkcs12: str = Field("", max_length=MAX_CHAIN * 4 // 3 + 4)
    password: str = Field("", max_length=200)


class CertificateAdded(CertificateGiven):
    name: str = Field(max_length=63)


class CertificateAsked(Taken):
    name: str = Field(max_length=63)
    hosts: list[Annotated[str, Field(max_length=255)]] = Field(max_length=MAX_NAMES)
    organization: str = Field("", max_length=64)
    is_rsa: bool = False


@router.get("", response=list[CertificateOut])
def list_certificates(request: HttpRequest) -> Any:
    """Those that the console keeps for all nodes."""
    found = list(ServerCertificate.objects.all())
    used = uses(found)
    return [_out(one, used) for one in found]


@router.post("", response={201: CertificateOut})
def add(request: HttpRequest, said: CertificateAdded) -> Any:
    """A new one; nodes take it within seconds."""
    check_role(actor_of(request), Role.ADMINISTRATOR)
    now = timezone.now()
    made = add_certificate(
        name=said.name, pair=_pair(said, None, now), actor=actor_of(request), now=now, request=request
    )
    return Status(201, _out(made))


@router.post("/requests", response={201: CertificateOut})
def ask(request: HttpRequest, said: CertificateAsked) -> Any:
    """Make a key, and the request for its certificate."""
    made = request_certificate(**said.model_dump(), actor=actor_of(request), now=timezone.now(), request=request)
    return Status(201, _out(made))


@router.put("/{name}", response=CertificateOut)
def replace(request: HttpRequest, name: str, said: CertificateGiven) -> Any:
    """The renewed one, or an authority's answer to the request."""
    check_role(actor_of(request), Role.ADMINISTRATOR)
    one, now = get_object_or_404(ServerCertificate, name=name), timezone.now()
    pair = _pair(said, one, now)
    return _out(replace_certificate(certificate=one, pair=pair, actor=actor_of(request), now=now, request=request))


@router.post("/{name}/remove", response={204: None})
def remove(request: HttpRequest, name: str, said: Why) -> Any:
    """Take it from all nodes; refused while a connector uses it."""
    one = get_object_or_404(ServerCertificate, name=name)
    remove_certificate(
        certificate=one, reason=said.reason, actor=actor_of(request), now=timezone.now(), request=request
    )
    return Status(204, None)


def _pair(said: CertificateGiven, one: ServerCertificate | None, now: datetime) -> Pair:
    try:
        archive = base64.b64decode(said.pkcs12, validate=True)
    except binascii.Error:
        raise BadCertificate("pkcs12 is not base 64.") from None
    return read_given(
        chain=said.chain_pem.encode(), key=said.key_pem.encode(), archive=archive, password=said.password,
        certificate=one, now=now,
    )  # fmt: skip


def _out(one: ServerCertificate, used: dict[str, list[Any]] | None = None) -> CertificateOut:
    known = used if used is not None else uses([one])
    said = {name: getattr(one, name) for name in CertificateOut.model_fields if name != "used_by"}
    return CertificateOut(**said, used_by=[str(use) for use in known.get(one.name, [])])
