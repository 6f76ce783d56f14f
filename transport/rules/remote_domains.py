"""What remote domains hold back: reports to their senders, automatic mail to their recipients. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from transport.config.document import MailFlow
from transport.config.objects import RemoteDomain
from transport.model.address import Address
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules import message_types
from transport.rules.headers import header_of
from transport.rules.patterns import parent_domains
from transport.rules.rule_header import HeaderFields, NotKnown

KIND = "remote_domains"
NOT_SENT = Reply(550, "5.7.1", "Automatic messages are not sent to this recipient's domain")
NOT_KNOWN = Reply(451, "4.6.0", "The header of the message cannot be read")
_REPORTS = frozenset(("DeliveryReport", "ReadReceipt"))
"""They say auto-replied too (RFC 3834 5), but they are no answers of a mailbox."""


class RemoteDomains:
    """Those of a document, by domain. Our own domains are none of them, whatever * says."""

    def __init__(self, document: MailFlow) -> None:
        self._exact = {one.domain: one for one in document.remote_domains if not one.domain.startswith("*")}
        self._trees = {one.domain[2:]: one for one in document.remote_domains if one.domain.startswith("*.")}
        self._all = next((one for one in document.remote_domains if one.domain == "*"), None)
        self._ours = {one.domain for one in document.accepted_domains}
        self._our_trees = {one.domain for one in document.accepted_domains if one.match_subdomains}
        self.is_by_header = any(one.is_by_header for one in document.remote_domains)

    def __bool__(self) -> bool:
        return bool(self._exact or self._trees or self._all)

    def find(self, domain: str) -> RemoteDomain | None:
        """The most specific one that names ``domain``."""
        if domain in self._ours or not self._our_trees.isdisjoint(parent_domains(domain)):
            return None
        exact = self._exact.get(domain)
        if exact is not None:
            return exact
        return next((self._trees[one] for one in parent_domains(domain) if one in self._trees), self._all)


def message(remote: RemoteDomains, recipients: Sequence[Address], content: bytes) -> Verdict | None:
    """A refusal of automatic mail to a domain that gets none, or None; for now, where the header can't tell."""
    asked = [(one, recipient) for recipient in recipients if (one := remote.find(recipient.domain)) is not None]
    asked = [(one, recipient) for one, recipient in asked if one.is_by_header]
    if not asked:
        return None
    try:
        types = message_types.types(HeaderFields(header_of(content)))
    except NotKnown as error:
        one = asked[0][0]
        step = Step(KIND, one.id, one.name, Answer.CANNOT_TELL, str(error))
        return Verdict(Action.DEFER, Stage.DATA, NOT_KNOWN, f"Remote domain {one.name}: {error}", (step,))
    for one, recipient in asked:
        if why := _why_not(one, types):
            because = f"{why} to {recipient.domain}: remote domain {one.name}."
            step = Step(KIND, one.id, one.name, Answer.YES, because)
            return Verdict(Action.REFUSE, Stage.DATA, NOT_SENT, because, (step,))
    return None


def _why_not(one: RemoteDomain, types: frozenset[str]) -> str:
    if not one.is_auto_reply_enabled and "OOF" in types and types.isdisjoint(_REPORTS):
        return "Automatic replies are not sent"
    if not one.is_auto_forward_enabled and "AutoForward" in types:
        return "Messages that a mailbox forwards by itself are not sent"
    return ""
