"""Words for changes of accepted domains, recipients, groups and address rewriting."""

from __future__ import annotations

from collections.abc import Iterator

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say
from transport.config.tellers import Teller, led, members, on_off

_ACCEPT_FROM = members(
    added="now takes mail from {}",
    removed="no longer takes mail from {}",
    emptied="now takes mail from anyone",
    begun="now takes mail only from {}",
)
_REJECT_FROM = members(added="now rejects mail from {}", removed="no longer rejects mail from {}", emptied="", begun="")
_AUTHENTICATION = on_off(
    "now takes mail only from senders who signed in", "now takes mail from senders who did not sign in"
)


def _sends(up_to: str, otherwise: str) -> Teller:
    def tell(change: FieldChange) -> Iterator[Parts]:
        yield (Say(otherwise if change.after is None else up_to.format(change.after)),)

    return tell


TELLERS: dict[tuple[str, str], Teller] = {
    ("accepted_domains", "catch_all_address"): led(
        "now sends mail for unknown recipients to", "now refuses unknown recipients"
    ),
    ("accepted_domains", "is_default"): on_off("is now the default domain", "is no longer the default domain"),
    ("accepted_domains", "match_subdomains"): on_off(
        "now covers its subdomains too", "no longer covers its subdomains"
    ),
    ("recipients", "forwarding_address"): led("now forwards to", "now keeps its mail"),
    ("recipients", "deliver_to_mailbox_and_forward"): on_off(
        "now keeps its mail as well", "no longer keeps what it forwards"
    ),
    ("recipients", "max_send_size"): _sends(
        "may now send messages up to {}", "may now send messages as large as the organisation lets others"
    ),
    ("recipients", "recipient_limits"): _sends(
        "may now send a message to up to {} recipients",
        "may now send to as many recipients as the organisation lets others",
    ),
    ("distribution_groups", "members"): members(
        added="gains {}", removed="loses {}", emptied="now has no member", begun="now leads to {}"
    ),
    ("distribution_groups", "owner_address"): led(
        "now sends reports about its members to", "now leaves reports to the sender"
    ),
    **{
        (kind, field): tell
        for kind in ("recipients", "distribution_groups")
        for field, tell in (
            ("is_sender_authentication_required", _AUTHENTICATION),
            ("accept_messages_only_from", _ACCEPT_FROM),
            ("reject_messages_from", _REJECT_FROM),
        )
    },
    ("address_rewriting", "is_outbound_only"): on_off(
        "now leaves mail that comes in alone", "now rewrites mail that comes in too"
    ),
}
