"""Words for changes of the organisation's settings."""

from __future__ import annotations

from collections.abc import Iterator

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say, show
from transport.config.tellers import Teller, led, members, on_off


def _other_language(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now writes notifications in the language {change.after} instead of {change.before}"),)


def _internal_attach_size(change: FieldChange) -> Iterator[Parts]:
    if change.after is None:
        yield (Say("returns as much of a message to senders at our accepted domains as to others"),)
    else:
        size = show(change.field, change.after)
        yield (Say(f"now returns whole messages up to {size} to senders at our accepted domains"),)


def _system_messages(change: FieldChange) -> Iterator[Parts]:
    before, after = (dict(one.split(" ", 1) for one in side) for side in (change.before, change.after))
    for status, text in after.items():
        if before.get(status) != text:
            yield (Say(f"now tells senders about {status} “{text}”"),)
    for status in before:
        if status not in after:
            yield (Say(f"no longer has a text of its own about {status}"),)


TELLERS: dict[tuple[str, str], Teller] = {
    ("organization", "is_back_pressure_enabled"): on_off(
        "takes less mail again when queue, disk or memory run short",
        "takes mail even when queue, disk or memory run short",
    ),
    ("organization", "is_shadow_redundancy_enabled"): on_off(
        "now has another node keep a copy of each message before it is accepted",
        "no longer has another node keep a copy of each message",
    ),
    ("organization", "is_message_rejected_on_shadow_failure"): on_off(
        "now refuses mail of which no other node can keep a copy",
        "now accepts mail of which no other node can keep a copy",
    ),
    ("organization", "is_pickup_enabled"): on_off(
        "sends the files in the nodes' Pickup directories again", "leaves the files in the nodes' Pickup directories"
    ),
    ("organization", "internal_smtp_servers"): members(
        added="now takes {} for relays of our own, and asks lists about where their mail came from",
        removed="no longer takes {} for relays of our own",
        emptied="no longer takes any client for a relay of our own",
        begun="now takes {} for relays of our own, and asks lists about where their mail came from",
    ),
    ("organization", "review_webhook_url"): led("now tells of changes at", "no longer tells a program of changes"),
    ("organization", "is_webhook_to_own_host_allowed"): on_off(
        "may now tell of changes at the console's own machine",
        "no longer tells of changes at the console's own machine",
    ),
    ("organization", "is_delay_dsn_enabled"): on_off(
        "tells senders of delays again", "no longer tells any sender of delays"
    ),
    ("organization", "is_internal_delay_dsn_enabled"): on_off(
        "tells senders at our accepted domains of delays again",
        "no longer tells senders at our accepted domains of delays",
    ),
    ("organization", "is_external_delay_dsn_enabled"): on_off(
        "tells senders outside our accepted domains of delays again",
        "no longer tells senders outside our accepted domains of delays",
    ),
    ("organization", "internal_dsn_max_message_attach_size"): _internal_attach_size,
    ("organization", "dsn_language"): _other_language,
    ("organization", "system_messages"): _system_messages,
    ("organization", "generate_copy_of_dsn_for"): members(
        added="now copies the postmaster on failures with {}",
        removed="no longer copies the postmaster on failures with {}",
        emptied="",
        begun="",
    ),
    ("organization", "is_priority_queuing_enabled"): on_off(
        "now delivers within a queue by the priority of messages", "delivers in order of arrival again"
    ),
    ("organization", "is_plus_addressing_enabled"): on_off(
        "now takes name+anything for name", "no longer takes name+anything for name"
    ),
}
