"""Lists of clients in DNS (RFC 5782): what is asked, which answers count, what becomes of a recipient. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transport.config.document import MailFlow
from transport.config.objects import AllowListProvider, BlockListProvider, Unavailable
from transport.model.address import Address
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules.patterns import AddressPatterns

BLOCK, ALLOW = "ip_block_list_providers", "ip_allow_list_providers"
NOT_ASKED = "was not asked."
NOT_NOW = Reply(451, "4.7.1", "Cannot look up your address at the moment, try again later")
_REFUSING = ipaddress.ip_network("127.255.255.0/24")
"""Codes by which providers say that they do not answer this resolver: no word about the client."""
_CODES = ipaddress.ip_network("127.0.0.0/8")
Provider = BlockListProvider | AllowListProvider


@dataclass(frozen=True, slots=True)
class Listing:
    """What one provider said of a client; ``because`` is for the operator."""

    provider: Provider
    answer: Answer
    because: str


class ListProviders:
    """The enabled providers of a document, in the order in which they decide."""

    def __init__(self, document: MailFlow) -> None:
        allow = sorted((one for one in document.ip_allow_list_providers if one.is_enabled), key=_order)
        block = sorted((one for one in document.ip_block_list_providers if one.is_enabled), key=_order)
        self.providers: tuple[Provider, ...] = (*allow, *block) if block else ()
        self.bypassed = {one.id: AddressPatterns(one.bypassed_recipients) for one in block if one.bypassed_recipients}

    def __bool__(self) -> bool:
        """An allow list alone decides nothing."""
        return bool(self.providers)


def _order(provider: Provider) -> tuple[int, str]:
    return provider.priority, provider.name.lower()


def kind_of(provider: Provider) -> str:
    return ALLOW if isinstance(provider, AllowListProvider) else BLOCK


def is_asked_about(peer: str) -> bool:
    """Only addresses that the world may have: of others no list knows, and none should hear."""
    try:
        return ipaddress.ip_address(peer).is_global
    except ValueError:
        return False


def query_name(peer: str, lookup_domain: str) -> str:
    """``192.0.2.99`` is asked about as ``99.2.0.192.bl.example``, IPv6 by nibbles (RFC 5782 2.1, 2.4)."""
    pointer = ipaddress.ip_address(peer).reverse_pointer
    return f"{pointer.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{lookup_domain}"


def listing(provider: Provider, answers: Sequence[str]) -> Listing:
    """What the addresses of the name mean; none: the client is not listed."""
    codes = [ipaddress.ip_address(answer) for answer in answers if ":" not in answer]
    odd = next((code for code in codes if code not in _CODES or code in _REFUSING), None)
    if odd is not None:
        said = f"{provider.lookup_domain} answered {odd}, which is no word about a client."
        return Listing(provider, Answer.CANNOT_TELL, said)
    found = next((str(code) for code in codes if _counts(provider, str(code))), "")
    if found:
        return Listing(provider, Answer.YES, f"{provider.lookup_domain} lists the client ({found}).")
    other = f" with a code that counts ({', '.join(map(str, codes))})" if codes else ""
    return Listing(provider, Answer.NO, f"{provider.lookup_domain} does not list the client{other}.")


def unavailable(provider: Provider, why: str) -> Listing:
    return Listing(provider, Answer.CANNOT_TELL, f"{provider.lookup_domain} can't be asked: {why}")


def _counts(provider: Provider, code: str) -> bool:
    if provider.is_any_match or code in provider.ip_addresses_match:
        return True
    if not provider.bitmask_match:
        return False
    mask = int(ipaddress.ip_address(provider.bitmask_match))
    return int(ipaddress.ip_address(code)) & mask == mask


def verdict(
    providers: ListProviders, listings: Iterable[Listing], peer: str, recipient: Address
) -> tuple[Verdict | None, tuple[Step, ...]]:
    """A refusal of the recipient, or None; and the steps that tell why. An allow list wins over all block lists: while
    one can't tell, no block list refuses for good."""
    steps: list[Step] = []
    unknown: Listing | None = None
    for one in listings:
        steps.append(_step(one))
        if isinstance(one.provider, AllowListProvider):
            if one.answer is Answer.YES:
                return None, tuple(steps)
            unknown = one if one.answer is Answer.CANNOT_TELL else unknown
            continue
        if one.answer is Answer.YES:
            if one.provider.is_only_told or _is_bypassed(providers, one.provider, recipient):
                steps[-1] = _let_pass(one, recipient)
                continue
            reply = _rejection(one.provider, peer) if unknown is None else NOT_NOW
            return _refused(one, reply, steps, unknown), tuple(steps)
        if one.answer is Answer.CANNOT_TELL and one.provider.if_unavailable is Unavailable.DEFER:
            return _refused(one, NOT_NOW, steps), tuple(steps)
    return None, tuple(steps)


def _is_bypassed(providers: ListProviders, provider: BlockListProvider, recipient: Address) -> bool:
    patterns = providers.bypassed.get(provider.id)
    return patterns is not None and patterns.match(recipient)


def _step(one: Listing) -> Step:
    return Step(kind_of(one.provider), one.provider.id, one.provider.name, one.answer, one.because)


def _let_pass(one: Listing, recipient: Address) -> Step:
    assert isinstance(one.provider, BlockListProvider)
    why = "it is only told" if one.provider.is_only_told else f"{recipient} gets mail from listed clients too"
    return Step(BLOCK, one.provider.id, one.provider.name, Answer.YES, f"{one.because} Nobody is refused: {why}.")


def _refused(one: Listing, reply: Reply, steps: Sequence[Step], unknown: Listing | None = None) -> Verdict:
    action = Action.DEFER if reply.is_temporary else Action.REFUSE
    reason = f"Block-list provider {one.provider.name}: {one.because}"
    if unknown is not None:
        reason += f" Not for good: allow-list provider {unknown.provider.name} can't tell. {unknown.because}"
    return Verdict(action, Stage.RCPT, reply, reason, tuple(steps))


def _rejection(provider: BlockListProvider, peer: str) -> Reply:
    said = provider.rejection_response
    for mark, value in (("%0", peer), ("%1", provider.name), ("%2", provider.lookup_domain)):
        said = said.replace(mark, value)
    ascii_only = "".join(char if " " <= char <= "~" else "?" for char in said)  # a name may be of any letters
    return Reply(550, "5.7.1", ascii_only[:400])
