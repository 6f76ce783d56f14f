"""Who the manager of a message's sender is, for rules that send it to that person. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transport.config.objects import SenderAddressLocation
from transport.config.rule_kinds import ActionKind
from transport.model.address import Address, InvalidAddress, parse_mailbox
from transport.ports.unavailable import LookupUnavailable
from transport.rules.criteria.addresses import MAX_SENDERS, of_sender
from transport.rules.criteria.question import Around
from transport.rules.rule_facts import NotKnown, RuleFacts


@dataclass(frozen=True, slots=True)
class Manager:
    """``address`` is None where the directory names nobody; ``unknown`` is why it can't be told."""

    address: Address | None = None
    unknown: str = ""


FindsManager = Callable[[RuleFacts, Around], Manager]


def compile_manager(where: SenderAddressLocation) -> FindsManager:
    """The first sender who has a manager counts. Made once for each revision."""
    ask = of_sender(_manager_of, where, most=MAX_SENDERS)

    def find(facts: RuleFacts, around: Around) -> Manager:
        try:
            found = ask(facts, around)
        except NotKnown as error:
            return Manager(unknown=f"{ActionKind.ADD_MANAGER}: {error}")
        return Manager(parse_mailbox(found) if found else None)

    return find


def _manager_of(sender: Address, facts: RuleFacts, around: Around) -> str:
    """Raises NotKnown: what can't be told of one sender must not make another's manager a recipient."""
    try:
        managers = around.known.values(sender, "Manager")
    except LookupUnavailable as error:
        raise NotKnown(f"the directory cannot answer: {error}.") from None
    return next((one for one in managers if _is_address(one)), "")


def _is_address(text: str) -> bool:
    try:
        parse_mailbox(text)
    except InvalidAddress:
        return False
    return True
