"""Whether a recipient of an accepted domain is taken at RCPT TO: known, and willing to hear from this sender. Pure.

What is refused here needs no report later, which a forged sender would get.
"""

from __future__ import annotations

from transport.config.objects import AcceptedDomain, DomainType
from transport.model.address import Address
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.ports.recipients import RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules import finding
from transport.rules.disclosure import UNTOLD, Withheld
from transport.rules.finding import Found, RecipientConflict
from transport.rules.membership import SenderConflict
from transport.rules.restrictions import Sender, objection
from transport.rules.ruleset import Ruleset

USER_UNKNOWN = Reply(550, "5.1.1", "User unknown")
CANNOT_VERIFY = Reply(451, "4.3.0", "Recipient cannot be verified now, try again later")
CANNOT_VERIFY_SENDER = Reply(451, "4.3.0", "Sender cannot be verified now, try again later")
MAX_LEADS = 5
"""Settings that may lead on from one address to another; more are a circle, which the categorizer tells."""


def verdict(
    ruleset: Ruleset,
    domain: AcceptedDomain,
    recipient: Address,
    sender: Sender,
    domain_step: Step,
    *,
    size_bytes: int,
    lookup: RecipientLookup,
) -> Verdict:
    """The answer to RCPT TO; law 6: unavailable is not unknown. ``size_bytes`` is what SIZE= said, or 0."""
    trail, reply = [domain_step], CANNOT_VERIFY
    if domain.domain_type is DomainType.EXTERNAL_RELAY and ruleset.own_recipients is None:
        return _accepted(trail)
    try:
        return _asked(ruleset, domain, recipient, sender, trail, size_bytes=size_bytes, lookup=lookup)
    except RecipientConflict:
        reason = f"Two directory objects hold {recipient}; mail to it waits until that is resolved."
    except SenderConflict as error:
        reason = (
            f"Whether {sender.address} may send to {recipient} can't be told: {error}. It waits until that is mended."
        )
        reply = CANNOT_VERIFY_SENDER
    except LookupUnavailable as error:
        reason = f"The directory cannot say whether {recipient} exists: {error}."
    step = Step("directory", "", "directory", Answer.CANNOT_TELL, reason)
    return Verdict(Action.DEFER, Stage.RCPT, reply, reason, (*trail, step))


def _asked(
    ruleset: Ruleset,
    domain: AcceptedDomain | None,
    address: Address,
    sender: Sender,
    trail: list[Step],
    *,
    size_bytes: int,
    lookup: RecipientLookup,
) -> Verdict:
    for _ in range(MAX_LEADS):
        found = finding.find(ruleset, domain, address, lookup) if domain is not None else None
        if found is None:
            return _unknown(domain, address, trail)
        if found.entry is not None:
            return _willing(ruleset, found, sender, trail, size_bytes=size_bytes, lookup=lookup)
        trail.append(_step(found, Answer.YES, f"{found.because} It leads to {found.leads_to}."))
        if found.leads_to is None or found.leads_to.key == address.key:
            break
        address, domain = found.leads_to, ruleset.accepted_domain(found.leads_to.domain)
    return _accepted(trail)


def _unknown(domain: AcceptedDomain | None, address: Address, trail: list[Step]) -> Verdict:
    if domain is None or domain.domain_type is not DomainType.AUTHORITATIVE:
        return _accepted(trail)
    reason = f"{address} is not in the directory, and {domain.name} is authoritative."
    step = Step("directory", "", "directory", Answer.NO, "No object holds the address.")
    return Verdict(Action.REFUSE, Stage.RCPT, USER_UNKNOWN, reason, (*trail, step))


def _willing(
    ruleset: Ruleset, found: Found, sender: Sender, trail: list[Step], *, size_bytes: int, lookup: RecipientLookup
) -> Verdict:
    assert found.entry is not None
    try:
        because = objection(ruleset, found.entry, sender, size_bytes=size_bytes, lookup=lookup)
    except Withheld:
        trail.append(_step(found, Answer.CANNOT_TELL, UNTOLD))
        return Verdict(Action.DEFER, Stage.RCPT, None, UNTOLD, tuple(trail), is_withheld=True)
    if because is not None:
        trail.append(_step(found, Answer.NO, because.because))
        return Verdict(Action.REFUSE, Stage.RCPT, because.reply, because.because, tuple(trail))
    trail.append(_step(found, Answer.YES, f"The address is known ({found.entry.kind})."))
    return _accepted(trail)


def _step(found: Found, answer: Answer, because: str) -> Step:
    return Step(found.kind, found.object_id, found.name, answer, because)


def _accepted(trail: list[Step]) -> Verdict:
    return Verdict(Action.ACCEPT, Stage.RCPT, None, "", tuple(trail))
