"""An explanation for programs: all that the page shows, under names that stay."""

from __future__ import annotations

from typing import Any

from mailconsole.changes.services.explanation import Explanation
from transport.model.verdict import Verdict
from transport.rules.recipients import Resolution

UNTOLD_ACTION = "untold"
"""Whether it is accepted is only for administrators."""


def as_json(found: Explanation) -> dict[str, Any]:
    """For programs."""
    verdict = found.verdict
    return {
        "action": _action(verdict),
        "stage": verdict.stage.value,
        "reply": str(verdict.reply) if verdict.reply is not None else None,
        "reason": verdict.reason,
        "is_deleted": found.is_deleted,
        "is_waiting": found.is_waiting,
        "is_without_recipient": found.is_without_recipient,
        "trail": [step.row for step in verdict.trail],
        "withheld_rules": list(found.withheld_rules),
        **_resolution(found.resolution or Resolution()),
        "sent_on": [
            {"what": one.word.lower(), "addresses": list(one.addresses), "because": one.because}
            for one in found.sent_on
        ],
        "held_by": found.held_by,
        "ways": [
            {
                "addresses": list(way.addresses),
                "next_hop": way.route.hop_text,
                "considered": way.route.rows,
                "nodes": list(way.nodes),
                "only_on": list(way.only_on),
            }
            for way in found.ways
        ],
    }


def _action(verdict: Verdict) -> str:
    return UNTOLD_ACTION if verdict.is_withheld else verdict.action.value


def _resolution(resolution: Resolution) -> dict[str, Any]:
    return {
        "changes": [
            {
                "event": one.event.value,
                "address": str(one.address),
                "to": [str(to) for to in one.to],
                "untold": one.untold,
                "because": one.because,
            }
            for one in resolution.changes
        ],
        "refusals": [
            {"address": str(one.address), "reply": str(one.reply), "because": one.because}
            for one in resolution.refusals
        ],
        "problems": [{"address": str(one.at), "text": one.text} for one in resolution.problems],
        "withheld": [{"address": str(one.at), "text": one.text} for one in resolution.withheld],
        "untold": resolution.untold,
    }
