"""`Get-TransportRule`: conditions, exceptions and actions under the names that they have here.

A condition or exception that nothing here stands for would leave a rule that does more than it did: it is disabled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from typing import Any

from pydantic import ValidationError

from mailconsole.imports.exchange.parameters import Other, Same, apply_table, is_its_own, said
from mailconsole.imports.exchange.plain_text import as_plain_text
from mailconsole.imports.exchange.rule_terms import EXCEPT, attribute_values, translated
from mailconsole.imports.exchange.values import Lost, instant, items, number, one_of, spaced_items, text, yes
from mailconsole.imports.report import Subject
from transport.config.objects import AuditSeverity, RuleAction, RuleCondition
from transport.config.rule_kinds import PATTERNS, WORDS, ActionKind, ConditionKind, ValueKind

Given = Mapping[str, Any]
NARROWER = "Disabled: without this it would take more messages than it did."
_REST = Other("").at_rest
_MODES = {"Enforce": 2, "Audit": 0, "AuditAndNotify": 1}
_ERRORS = {"Ignore": 0, "Defer": 1}
_LOCATIONS = {"Header": 0, "Envelope": 1, "HeaderOrEnvelope": 2}


def _severity(value: Any) -> str:
    return one_of(value, _SEVERITIES) if text(value) else AuditSeverity.NOT_SPECIFIED.value


_SEVERITIES = {"Low": 1, "Medium": 2, "High": 3, "DoNotAudit": 4}
TABLE: dict[str, Same | Other] = {
    "Priority": Same("priority", number),
    "Mode": Same("mode", lambda value: one_of(value, _MODES)),
    "Comments": Same("comment", lambda value: " ".join(text(value).split())[:500]),
    "RuleErrorAction": Same("rule_error_action", lambda value: one_of(value, _ERRORS)),
    "SenderAddressLocation": Same("sender_address_location", lambda value: one_of(value, _LOCATIONS)),
    "StopRuleProcessing": Same("stop_rule_processing", yes),
    "SetAuditSeverity": Same("set_audit_severity", _severity),
    "ModerateMessageByUser": Other("Nobody moderates here: hold it for an operator instead."),
    "ModerateMessageByManager": Other("Nobody moderates here: hold it for an operator instead."),
    "ApplyHtmlDisclaimerText": Other("Disclaimers are not made: text put into signed or nested messages breaks them."),
    "ApplyHtmlDisclaimerLocation": Other("See the text.", ("", "append", "prepend", "0", "1", "none")),
    "ApplyHtmlDisclaimerFallbackAction": Other(
        "See the text.", ("", "wrap", "ignore", "reject", "0", "1", "2", "none")
    ),
    "ApplyClassification": Other("Messages are not classified here."),
    "ApplyRightsProtectionTemplate": Other("Rights are not protected here."),
    "ApplyOME": Other("Messages are not encrypted here."),
    "RemoveOME": Other("Messages are not encrypted here."),
    "SetSCL": Other("Spam is not judged here: set a header field for whoever judges it."),
    "IncidentReportContent": Other("A report tells all but the message's content."),
    "IncidentReportOriginalMail": Other("A report is sent without the message: add a blind copy.", ("", "false", "1")),
    "NotifySender": Other("With policy tips only: give the text on the rule's form."),
    "Disconnect": Other("Reject the message instead."),
}
_ITS_OWN = frozenset(
    (
        "Conditions", "Exceptions", "Actions", "Description", "State", "ActivationDate", "ExpiryDate", "RuleVersion",
        "Size", "DlpPolicy", "DlpPolicyId", "RuleSubType", "ManuallyModified", "UseLegacyRegex", "LastModifiedBy",
        "CreatedBy", "ImmutableId", "IsRuleConfigurationSupported", "RuleConfigurationUnsupportedReason",
    )
)  # fmt: skip
_ACTIONS = frozenset(
    (
        "RedirectMessageTo", "BlindCopyTo", "AddToRecipients", "CopyTo", "DeleteMessage", "RemoveHeader",
        "SetHeaderName", "SetHeaderValue", "PrependSubject", "RouteMessageOutboundRequireTls",
        "RouteMessageOutboundConnector", "LogEventText", "Quarantine", "RejectMessageReasonText",
        "RejectMessageEnhancedStatusCode", "SmtpRejectMessageRejectText", "SmtpRejectMessageRejectStatusCode",
        "GenerateIncidentReport", "AddManagerAsRecipientType", "GenerateNotification",
    )
)  # fmt: skip
_HEADERS = {
    ConditionKind.HEADER_WORDS: "HeaderContainsMessageHeader",
    ConditionKind.HEADER_PATTERNS: "HeaderMatchesMessageHeader",
}
_OURS = (ConditionKind.SENDER_AUTHENTICATED, ConditionKind.RECEIVE_CONNECTOR)
_PARAMETERS = {kind.value.lower(): kind for kind in ConditionKind if kind not in _OURS}
_WITHOUT_BLANKS = (ValueKind.ADDRESS, ValueKind.DOMAIN, ValueKind.NETWORK, ValueKind.EXTENSION)
AS_ONE_TEXT = "The file gives a text, no list: what commas part is an entry each, what blanks part is a phrase."
_REJECTIONS = (
    "RejectMessageReasonText", "RejectMessageEnhancedStatusCode", "SmtpRejectMessageRejectText",
    "SmtpRejectMessageRejectStatusCode",
)  # fmt: skip
_NOTIFY = ActionKind.NOTIFY_RECIPIENTS
NOT_AUTHORIZED = "Delivery not authorized, message refused"  # Exchange's own text


@dataclass(slots=True)
class _Read:
    """``is_wider``: something that made it take fewer messages was left out."""

    fields: dict[str, Any]
    is_wider: bool = False
    conditions: list[dict[str, Any]] = field(default_factory=list)
    exceptions: list[dict[str, Any]] = field(default_factory=list)


def read_rule(given: Given, connectors: Mapping[str, str], about: Subject) -> dict[str, Any] | None:
    """The fields of a mail flow rule; None where nothing is left to do. ``connectors``: ids of send connectors by their
    names in lower case."""
    given = translated(given, about)
    criteria = {name for name in given if _kind_of(name) is not None or _is_header(name)}
    settings = {name: value for name, value in given.items() if name in TABLE}
    read = _Read({"name": text(given.get("Name"))[:64]} | apply_table(TABLE, settings, set(), about))
    for name in sorted(criteria):
        _criterion(name, given, read, about)
    _unknown(given, criteria, read, about)
    actions = list(_actions(given, connectors, about))
    if not actions:
        about.left_out("", "", "Nothing is left for it to do.")
        return None
    _dates(given, read, about)
    is_on = text(given.get("State", "Enabled")).lower() not in ("disabled", "0")
    if read.is_wider and is_on:
        about.left_out("State", "Enabled", NARROWER)
    made = {"conditions": read.conditions, "exceptions": read.exceptions, "actions": actions}
    return read.fields | made | {"is_enabled": is_on and not read.is_wider}


def _kind_of(name: str) -> ConditionKind | None:
    return _PARAMETERS.get(name.removeprefix(EXCEPT).lower())


def _is_header(name: str) -> bool:
    return name.removeprefix(EXCEPT) in _HEADERS.values()


def _is_said(value: Any) -> bool:
    if isinstance(value, list | tuple | dict):
        return bool(value)
    return said(value).lower() not in _REST


def _criterion(name: str, given: Given, read: _Read, about: Subject) -> None:
    kind, value = _kind_of(name), given[name]
    if kind is None or not _is_said(value):
        return
    prefix = EXCEPT if name.startswith(EXCEPT) else ""
    header = text(given.get(prefix + _HEADERS[kind])) if kind in _HEADERS else ""
    try:
        values = () if kind.spec.values is ValueKind.NOTHING else tuple(_values(kind, value))
        made = RuleCondition(kind=kind, header=header, values=values)
    except Lost:
        _lost(name, value, "This CSV holds only the type's name: export with Export-Clixml.", read, about)
    except ValidationError as error:
        _lost(name, value, _why(error), read, about)
    else:
        (read.exceptions if prefix else read.conditions).append(made.model_dump(mode="json"))
        if isinstance(value, str) and kind.spec.values in (*PATTERNS, *WORDS) and any(" " in one for one in values):
            about.approximated(name, said(value), AS_ONE_TEXT)
        else:
            about.mapped(name, said(value))


def _values(kind: ConditionKind, value: Any) -> list[str]:
    if kind.spec.values is ValueKind.SIZE:
        return [_octets(text(value))]
    if kind.spec.values in (ValueKind.ATTRIBUTE_WORD, ValueKind.ATTRIBUTE_PATTERN):
        return list(attribute_values(value))
    if kind.spec.values in _WITHOUT_BLANKS:
        return spaced_items(value)
    return items(value)


def _octets(size: str) -> str:
    """``10 MB (10,485,760 bytes)`` as Exchange shows it."""
    return size.partition("(")[0].strip()


def _why(error: ValidationError) -> str:
    said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return f"Here {said}."[:250]


def _lost(name: str, value: Any, why: str, read: _Read, about: Subject) -> None:
    read.is_wider = True
    about.left_out(name, said(value), why)


def _unknown(given: Given, criteria: set[str], read: _Read, about: Subject) -> None:
    """Whatever else narrows the rule, by a name that this import does not know."""
    for name, value in given.items():
        if name in criteria or name in TABLE or name in _ACTIONS or name in _ITS_OWN or is_its_own(name):
            continue
        if _is_said(value):
            _lost(name, value, "Rules here have no such condition.", read, about)


def _actions(given: Given, connectors: Mapping[str, str], about: Subject) -> Iterator[dict[str, Any]]:
    for name, action in _wanted(given, connectors, about):
        try:
            made = RuleAction.model_validate(
                {part: value() if callable(value) else value for part, value in action.items()}
            )
        except Lost:
            about.left_out(name, "", "This CSV holds only the type's name: export with Export-Clixml.")
        except ValidationError as error:
            about.left_out(name, said(given[name]), _why(error))
        else:
            about.mapped(name, said(given[name]))
            yield made.model_dump(mode="json")


def _wanted(given: Given, connectors: Mapping[str, str], about: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _rejection(given, about)
    sent = (ActionKind.REDIRECT, ActionKind.BLIND_COPY, ActionKind.ADD_TO, ActionKind.COPY_TO, ActionKind.REPORT)
    is_rejected = any(_is_said(given.get(name)) for name in _REJECTIONS)
    for kind in sent:
        if is_rejected and kind is ActionKind.REPORT and _is_said(given.get(kind.value)):
            about.left_out(kind.value, said(given[kind.value]), "A rejected message is told under Refusals.")
        elif _is_said(given.get(kind.value)):
            yield kind.value, {"kind": kind, "values": partial(items, given[kind.value])}
    if _is_said(given.get(ActionKind.ADD_MANAGER.value)):
        how = text(given[ActionKind.ADD_MANAGER.value]).capitalize()
        yield ActionKind.ADD_MANAGER.value, {"kind": ActionKind.ADD_MANAGER, "values": [how]}
    for kind in (ActionKind.DELETE, ActionKind.REQUIRE_TLS):
        if _is_said(given.get(kind.value)):
            yield kind.value, {"kind": kind}
    if _is_said(given.get("RemoveHeader")):
        yield "RemoveHeader", {"kind": ActionKind.REMOVE_HEADER, "header": text(given["RemoveHeader"])}
    if _is_said(given.get("SetHeaderName")):
        value = text(given.get("SetHeaderValue"))
        yield "SetHeaderName", {"kind": ActionKind.SET_HEADER, "header": text(given["SetHeaderName"]), "text": value}
    for kind in (ActionKind.PREPEND_SUBJECT, ActionKind.LOG):
        if _is_said(given.get(kind.value)):
            yield kind.value, {"kind": kind, "text": text(given[kind.value])}
    if _is_said(given.get(_NOTIFY.value)) and is_rejected:
        about.left_out(_NOTIFY.value, said(given[_NOTIFY.value]), "A rejected message is told to its sender alone.")
    elif _is_said(given.get(_NOTIFY.value)):
        said_there = text(given[_NOTIFY.value])
        plain = as_plain_text(said_there)
        if plain != said_there:
            about.approximated(_NOTIFY.value, said(said_there), "Sent as plain text: its HTML is left out.")
        yield _NOTIFY.value, {"kind": _NOTIFY, "text": plain}
    if _is_said(given.get("Quarantine")):
        about.approximated("Quarantine", said(given["Quarantine"]), "It is held for an operator.")
        yield "Quarantine", {"kind": ActionKind.HOLD}
    if _is_said(given.get(ActionKind.ROUTE.value)):
        named = text(given[ActionKind.ROUTE.value])
        yield ActionKind.ROUTE.value, {"kind": ActionKind.ROUTE, "values": [connectors.get(named.lower(), named)]}


def _rejection(given: Given, about: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rejected in the SMTP session, with the text and code that the report had."""
    told = [name for name in _REJECTIONS if _is_said(given.get(name))]
    if not told:
        return
    words = next((text(given[name]) for name in told if name.endswith("Text")), NOT_AUTHORIZED)
    status = text(given.get("RejectMessageEnhancedStatusCode")) or "5.7.1"
    plain = " ".join(words.encode("ascii", "replace").decode().split())[:200]
    if plain != words:
        about.approximated(told[0], words, "A reply of SMTP is one line of ASCII.")
    if "SmtpRejectMessageRejectStatusCode" in told:
        code = text(given["SmtpRejectMessageRejectStatusCode"])
        status = f"4{status[1:]}" if code.startswith("4") else status
        why = f"Rules reject with {'451 for now' if code.startswith('4') else '550'} here."
        about.approximated("SmtpRejectMessageRejectStatusCode", code, why)
    yield told[0], {"kind": ActionKind.REJECT, "status": status, "text": plain}


def _dates(given: Given, read: _Read, about: Subject) -> None:
    for name, target in (("ActivationDate", "activation_at"), ("ExpiryDate", "expires_at")):
        value = given.get(name)
        if not _is_said(value):
            continue
        try:
            at = instant(value)
        except ValueError:
            _lost(name, value, "The time could not be read.", read, about)
            continue
        if at.tzinfo is None:
            about.approximated(name, said(value), "Taken as UTC: it says no time zone.")
            at = at.replace(tzinfo=UTC)
        else:
            about.mapped(name, said(value))
        read.fields[target] = at.isoformat()
