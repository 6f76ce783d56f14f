"""What is done with messages that fit."""

from __future__ import annotations

from typing import Any

from mailconsole.mailflow.fields import capital
from mailconsole.mailflow.kinds.kind import Group, Kind, until
from transport.config.diff import as_json
from transport.config.objects import AuditSeverity, RuleMode
from transport.config.rule_words import SHORT, action_words, condition_words


def _if(item: Any) -> str:
    said = [condition_words(as_json(one)) for one in item.conditions]
    said += [f"except if {condition_words(as_json(one))}" for one in item.exceptions]
    return capital(_some(said)) if item.conditions else f"Every message{'; ' if said else ''}{_some(said)}"


def _does(item: Any) -> str:
    return capital(_some([action_words(as_json(one), most=SHORT) for one in item.actions]))


def _some(texts: list[str]) -> str:
    return "; ".join(texts[:2]) + (f"; and {len(texts) - 2} more" if len(texts) > 2 else "")


def _mode(item: Any) -> str:
    return "Enforce" if item.mode is RuleMode.ENFORCE else f"Test ({item.mode})"


def _severity(item: Any) -> str:
    severity = item.set_audit_severity
    return "" if severity is AuditSeverity.NOT_SPECIFIED else str(severity)


RULES: tuple[Kind, ...] = (
    Kind(
        "mail_flow_rules",
        "What is done with messages that fit: reject, redirect, copy, mark, route, hold. The first is asked first.",
        "No rule: messages go on as they came.",
        "filter",
        "mail-flow-rules",
        (
            ("Place", lambda item: str(item.priority)),
            ("If", _if),
            ("Does", _does),
            ("Mode", _mode),
            ("Audit", _severity),
            ("Until", until),
        ),
        (
            Group("General", ("name", "mode", "priority", "is_enabled", "set_audit_severity", "owner", "comment")),
            Group("If the message fits", ("conditions", "sender_address_location")),
            Group("Except if", ("exceptions",)),
            Group("Do", ("actions", "stop_rule_processing")),
            Group("When", ("activation_at", "expires_at", "rule_error_action")),
        ),
        order=38,
        help="mail-flow-rules",
        is_counted=True,
        is_ordered=True,
        told_apart=frozenset({"conditions", "exceptions", "actions"}),
    ),
)
