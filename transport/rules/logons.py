"""When AUTH has to wait because too many passwords were wrong. Pure; counts come in as values."""

from __future__ import annotations

import ipaddress

from transport.config.objects import Organization
from transport.config.types import format_duration
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict

TOO_MANY_FOR_ACCOUNT = Reply(454, "4.7.0", "Too many failed logons, try again later")  # RFC 4954 6
TOO_MANY_FROM_NETWORK = Reply(421, "4.7.0", "Too many failed logons from your network, closing")


def network_of(peer: str) -> str:
    """The network that is held responsible together: /24, /64."""
    address = ipaddress.ip_address(peer)
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def throttled(
    organization: Organization, *, username: str, network: str, of_account: int, of_network: int
) -> Verdict | None:
    """A refusal to look at a password at all; both counts are of wrong ones within the window."""
    window = format_duration(organization.failed_logon_window)
    limit = organization.max_failed_logons_per_network
    if limit is not None and of_network >= limit:
        because = f"{of_network} wrong passwords came from {network} within {window}; the limit is {limit}."
        return _refused(Action.DISCONNECT, TOO_MANY_FROM_NETWORK, because)
    limit = organization.max_failed_logons_per_account
    if limit is not None and of_account >= limit:
        because = f"{of_account} wrong passwords for '{username}' within {window}; the limit is {limit}."
        return _refused(Action.DEFER, TOO_MANY_FOR_ACCOUNT, because)
    return None


def _refused(action: Action, reply: Reply, because: str) -> Verdict:
    reason = f"AUTH is not tried: {because}"
    return Verdict(action, Stage.AUTH, reply, reason, (Step("organization", "", "failed logons", Answer.NO, because),))
