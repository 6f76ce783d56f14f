"""Chosen candidates become relay policies in this person's draft."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.services.ground import require
from mailconsole.imports.seen import ONLY_NULL, Candidate
from mailconsole.learning.refusals import CandidatesGone, NothingChosen
from mailconsole.learning.services.learned import Learned, learning_of
from mailconsole.mailflow.services.stage_object import stage_object

LISTED_DOMAINS = 20
TOO_MANY_DOMAINS = (
    f"Disabled: it sent to more than {LISTED_DOMAINS} domains, of which the first are listed."
    " Name those it may send to."
)
NO_DOMAIN = "Disabled: no domain that it sent to was seen. Name those it may send to."
GRANTED_FOR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person wants of all that they chose."""

    owner: str
    purpose: str
    is_to_seen_domains: bool
    broadened: frozenset[str] = frozenset()
    """Keys of those whose suggested networks stand for their addresses."""


def draft_chosen(
    *,
    actor: User,
    connector_id: str,
    keys: Collection[str],
    wish: Wish,
    now: datetime,
    request: HttpRequest | None = None,
) -> Change:
    """Of what a connector's window shows now, those with these keys.

    Raises NoSuchConnector, NeverLearned, CandidatesGone and what draft_learned does.
    """
    require(actor, Role.EDITOR)
    seen = {one.key: one for one in learning_of(connector_id, now=now).lesson.learned}
    gone = [key for key in dict.fromkeys(keys) if key not in seen]
    if gone:
        raise CandidatesGone(
            f"{len(gone)} of the chosen {'is' if len(gone) == 1 else 'are'} not there any more, as more was seen "
            "meanwhile: look again, and choose."
        )
    chosen = [one for key, one in seen.items() if key in keys]
    return draft_learned(actor=actor, chosen=chosen, wish=wish, now=now, request=request)


@transaction.atomic
def draft_learned(
    *, actor: User, chosen: Iterable[Learned], wish: Wish, now: datetime, request: HttpRequest | None = None
) -> Change:
    """One policy each, for a year; all of them or none.

    Raises NotAllowed, NothingChosen, InvalidObject, WrongState.
    """
    change: Change | None = None
    for one in chosen:
        change = stage_object(
            actor=actor,
            kind="relay_policies",
            object_id="",
            after=policy_of(one, wish, now=now),
            now=now,
            title="Let learned clients relay",
            request=request,
        )
    if change is None:
        raise NothingChosen("Choose at least one.")
    return change


def policy_of(learned: Learned, wish: Wish, *, now: datetime) -> dict[str, Any]:
    """As narrow as what was seen: addresses, senders, TLS, who signed in, and recipients where that is wished."""
    one = learned.candidate
    networks = _broadened(one.networks, one.suggested) if learned.key in wish.broadened else list(one.networks)
    what = "refused" if one.is_refused else "accepted"
    kept_off = _kept_off(one, wish)
    return {
        "name": one.name.replace("Seen", "Learned", 1)[:64],
        "is_enabled": not kept_off,
        "networks": networks,
        "identities": list(one.identities) if one.is_always_signed_in else [],
        "sender_addresses": list(one.sender_domains),
        "recipient_addresses": list(one.recipient_domains[:LISTED_DOMAINS]) if wish.is_to_seen_domains else [],
        "is_tls_required": one.is_tls_always,
        "owner": wish.owner,
        "purpose": wish.purpose,
        "comment": " ".join([f"Learned: {one.relayed} recipients {what} until {one.last_at}.", *kept_off]),
        "expires_at": (now + GRANTED_FOR).isoformat(timespec="minutes"),
    }


def _kept_off(one: Candidate, wish: Wish) -> list[str]:
    """Why it grants nothing yet: no senders would mean any, and no recipients anywhere.

    How many domains a client named is the client's to choose: it must not widen the policy, nor fill it.
    """
    why = [] if one.sender_domains else [ONLY_NULL]
    if wish.is_to_seen_domains and not one.recipient_domains:
        why.append(NO_DOMAIN)
    elif wish.is_to_seen_domains and len(one.recipient_domains) > LISTED_DOMAINS:
        why.append(TOO_MANY_DOMAINS)
    return why


def _broadened(networks: tuple[str, ...], suggested: tuple[str, ...]) -> list[str]:
    wide = [ipaddress.ip_network(one) for one in suggested]
    alone = [one for one in networks if not _is_in(ipaddress.ip_network(one), wide)]
    return [*suggested, *alone]


def _is_in(network: Any, wide: list[Any]) -> bool:
    return any(one.version == network.version and network.subnet_of(one) for one in wide)
