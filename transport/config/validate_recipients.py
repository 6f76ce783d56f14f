"""Rules about recipients and groups of our own: one address leads to one of them, and mail that goes on arrives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.objects import DistributionGroup, MailRecipient, Recipient
from transport.config.problem import Problem, Severity

RECIPIENTS, GROUPS = "recipients", "distribution_groups"


def _objects(document: MailFlow) -> Iterator[tuple[str, MailRecipient]]:
    yield from ((RECIPIENTS, item) for item in document.recipients)
    yield from ((GROUPS, item) for item in document.distribution_groups)


def _place(item: MailRecipient, key: str) -> str:
    return "address" if item.address.lower() == key else "aliases"


def _by_address(document: MailFlow) -> dict[str, MailRecipient]:
    return {address.lower(): item for _, item in _objects(document) for address in item.addresses}


def _an_address_is_held_once(document: MailFlow, now: datetime) -> Iterator[Problem]:
    holders: dict[str, str] = {}
    for kind, item in _objects(document):
        for address in item.addresses:
            key = address.lower()
            if key in holders:
                sentence = f"{holders[key]} has the address {address} too: it can lead to one of them only."
                yield Problem(kind, item.id, _place(item, key), sentence)
            holders.setdefault(key, item.name)


def _mail_for_it_is_accepted(document: MailFlow, now: datetime) -> Iterator[Problem]:
    if not (document.recipients or document.distribution_groups):
        return
    domains = {item.domain for item in document.accepted_domains}
    trees = tuple(f".{item.domain}" for item in document.accepted_domains if item.match_subdomains)
    for kind, item in _objects(document):
        for address in item.addresses:
            domain = address.rpartition("@")[2]
            if domain not in domains and not domain.endswith(trees):
                sentence = f"{domain} is not an accepted domain: mail for {address} goes past this entry."
                yield Problem(kind, item.id, _place(item, address.lower()), sentence, Severity.WARNING)


def _forwarding_ends(document: MailFlow, now: datetime) -> Iterator[Problem]:
    """Forwarding alone that leads back is a loop: nobody would get the mail."""
    known = _by_address(document)
    for item in document.recipients:
        path, here = [item.address], item
        while here.forwarding_address and not here.deliver_to_mailbox_and_forward:
            target = known.get(here.forwarding_address.lower())
            path.append(here.forwarding_address)
            if not isinstance(target, Recipient) or len(path) > len(document.recipients) + 1:
                break
            if target is item:
                sentence = f"Forwarding goes in a circle, {' -> '.join(path)}: nobody would get the mail."
                yield Problem(RECIPIENTS, item.id, "forwarding_address", sentence)
                break
            here = target


def _groups_reach_somebody(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for group in document.distribution_groups:
        if not group.members:
            sentence = f"{group.name} has no member: mail to it is returned to its sender."
            yield Problem(GROUPS, group.id, "members", sentence, Severity.WARNING)
        elif len({member.lower() for member in group.members}) < len(group.members):
            sentence = f"{group.name} names a member twice; it gets the mail once."
            yield Problem(GROUPS, group.id, "members", sentence, Severity.WARNING)


def _groups_are_no_ring(document: MailFlow, now: datetime) -> Iterator[Problem]:
    known = {address.lower(): group for group in document.distribution_groups for address in group.addresses}
    for group in document.distribution_groups:
        if _contains(group, group, known):
            sentence = f"{group.name} contains itself, through its members: harmless, but hardly meant."
            yield Problem(GROUPS, group.id, "members", sentence, Severity.WARNING)


def _contains(group: DistributionGroup, wanted: DistributionGroup, known: dict[str, DistributionGroup]) -> bool:
    seen: set[str] = set()
    ahead = [group]
    while ahead:
        inner = [known[key] for member in ahead.pop().members if (key := member.lower()) in known]
        if any(one is wanted for one in inner):
            return True
        ahead += [one for one in inner if one.id not in seen]
        seen.update(one.id for one in inner)
    return False


def _catch_all_is_elsewhere_or_known(document: MailFlow, now: datetime) -> Iterator[Problem]:
    """A catch-all that is a group would send whatever is made up to many."""
    groups = {address.lower() for group in document.distribution_groups for address in group.addresses}
    for domain in document.accepted_domains:
        if domain.catch_all_address and domain.catch_all_address.lower() in groups:
            sentence = f"Whatever is sent to a made-up address at {domain.domain} goes to a whole group."
            yield Problem("accepted_domains", domain.id, "catch_all_address", sentence, Severity.WARNING)


RULES = (
    _an_address_is_held_once,
    _mail_for_it_is_accepted,
    _forwarding_ends,
    _groups_reach_somebody,
    _groups_are_no_ring,
    _catch_all_is_elsewhere_or_known,
)
