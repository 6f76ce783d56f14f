"""API tokens: made, shown once, kept as a digest, revoked; and who a token speaks for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from mailconsole.accounts.elsewhere import word_on
from mailconsole.accounts.models import ApiToken, User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.scopes import Grant, grants_of, known_grants, names_of
from mailconsole.audit import services as audit
from mailconsole.common.refusals import Refusal

PREFIX = "mc_"
_SEEN_EVERY = timedelta(minutes=1)


class ScopeNotHeld(Refusal):
    """A token can't do what its owner can't."""


class TokenNotYours(Refusal):
    """Only its owner or an administrator revokes a token."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """The token's text, shown once."""

    token: ApiToken
    text: str


@dataclass(frozen=True, slots=True)
class TokenBearer:
    """Who calls the API, and in which roles and scopes: those of the token that its owner still has."""

    person: User
    token: ApiToken
    roles: frozenset[str]


@transaction.atomic
def create_token(
    *,
    owner: User,
    name: str,
    scopes: Iterable[Grant],
    now: datetime,
    expires_at: datetime | None,
    request: HttpRequest | None = None,
) -> NewToken:
    """A token for programs of this person. Raises ScopeNotHeld."""
    wanted = list(scopes)
    held = grants_of(owner.role_names)
    for one in wanted:
        if one not in held:
            what = (
                f"the role {one.value}"
                if isinstance(one, Role)
                else f"what {one.value} needs, the role {one.role.value}"
            )
            raise ScopeNotHeld(f"You don't have {what}, so a token of yours can't either.")
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        prefix=text[: len(PREFIX) + 6],
        digest=_digest(text),
        scopes=[one.value for one in wanted],
        created_at=now,
        expires_at=expires_at,
    )
    after = {"scopes": token.scopes, "expires_at": expires_at}
    _record(owner, "token.created", token, f"Made the API token {name}", request, after)
    return NewToken(token, text)


@transaction.atomic
def revoke_token(*, actor: User, token: ApiToken, now: datetime, request: HttpRequest | None = None) -> None:
    """End a token at once. Raises TokenNotYours."""
    if token.owner_id != actor.pk and not actor.is_administrator:
        raise TokenNotYours("Only the owner of a token or an administrator can revoke it.")
    # The first to revoke sets the time; a second click changes nothing.
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        whose = "" if token.owner_id == actor.pk else f" of {token.owner}"
        _record(actor, "token.revoked", token, f"Revoked the API token {token.name}{whose}", request, None)


def working_tokens(owner: User) -> QuerySet[ApiToken]:
    """Those that nobody revoked, the newest first; some may have come to their end."""
    return ApiToken.objects.filter(owner=owner, revoked_at=None).order_by("-created_at")


def bearer_of(text: str, *, now: datetime) -> TokenBearer | None:
    """Whom this token speaks for; None where it is unknown, expired, revoked, or its owner may not act now."""
    token = ApiToken.objects.select_related("owner").filter(digest=_digest(text), revoked_at=None).first()
    if token is None or not token.owner.is_active or (token.expires_at is not None and token.expires_at <= now):
        return None
    if not word_on(token.owner, now).may_act:
        return None
    if token.last_used_at is None or now - token.last_used_at > _SEEN_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    granted = known_grants(token.scopes)
    return TokenBearer(token.owner, token, names_of(granted, held=token.owner.role_names))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _record(
    actor: User, action: str, token: ApiToken, summary: str, request: HttpRequest | None, after: object
) -> None:
    audit.record(
        actor=actor,
        action=action,
        object_kind="token",
        object_id=str(token.pk),
        summary=summary,
        after=after,
        request=request,
    )
