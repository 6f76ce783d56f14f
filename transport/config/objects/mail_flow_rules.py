"""Mail flow rules: what is done with messages that fit (Exchange's transport rules)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from transport.config import pattern_syntax
from transport.config.objects.base import ConfigModel, ConfigObject
from transport.config.rule_kinds import (
    ATTRIBUTES,
    BESIDE,
    INSTEAD,
    VARIABLES,
    ActionKind,
    ConditionKind,
    ValueKind,
)
from transport.config.types import Domain, Line, Lines, Mailbox, Network, ObjectId, format_size, parse_size

MAX_VALUES = 500
MAX_TEXT = 200
KEPT_HEADERS = frozenset(
    ("received", "return-path", "content-type", "content-transfer-encoding", "mime-version", "x-mailconsole-rules-loop")
)
"""Fields that rules leave alone: the message could not be read, or would go in circles, without them."""
HeaderName = Annotated[str, StringConstraints(pattern=r"^[!-9;-~]{0,64}$")]  # RFC 5322 3.6.8
_VARIABLE = re.compile(r"%%(\w{1,40})%%")
_ATTRIBUTES = {name.lower(): name for name in ATTRIBUTES}
_READERS: dict[ValueKind, TypeAdapter[Any]] = {
    ValueKind.ADDRESS: TypeAdapter(Mailbox),
    ValueKind.DOMAIN: TypeAdapter(Domain),
    ValueKind.NETWORK: TypeAdapter(Network),
    ValueKind.RECEIVE_CONNECTOR: TypeAdapter(ObjectId),
    ValueKind.SEND_CONNECTOR: TypeAdapter(ObjectId),
}


class RuleMode(StrEnum):
    """Whether a rule acts or only tells."""

    ENFORCE = "Enforce"
    AUDIT = "Audit"
    AUDIT_AND_NOTIFY = "AuditAndNotify"

    @property
    def sentence(self) -> str:
        return _MODE_SENTENCES[self]


_MODE_SENTENCES = {
    RuleMode.ENFORCE: "Does what it says.",
    RuleMode.AUDIT: "A test: changes nothing, and the trace tells what it would have done.",
    RuleMode.AUDIT_AND_NOTIFY: "A test like Audit, but what it tells senders, and its reports, are sent.",
}


class RuleErrorAction(StrEnum):
    """What happens when a rule can't tell whether it fits: the directory is down, a message is too much to read."""

    IGNORE = "Ignore"
    DEFER = "Defer"

    @property
    def sentence(self) -> str:
        return {
            RuleErrorAction.IGNORE: "The message goes on as if the rule did not fit.",
            RuleErrorAction.DEFER: "The message is refused for now (451); its sender tries again.",
        }[self]


class SenderAddressLocation(StrEnum):
    """Where conditions look for the sender."""

    HEADER = "Header"
    ENVELOPE = "Envelope"
    HEADER_OR_ENVELOPE = "HeaderOrEnvelope"

    @property
    def sentence(self) -> str:
        return {
            SenderAddressLocation.HEADER: "The From and Sender fields, which people see.",
            SenderAddressLocation.ENVELOPE: "MAIL FROM, which reports go to.",
            SenderAddressLocation.HEADER_OR_ENVELOPE: "Either of them is enough.",
        }[self]


class AuditSeverity(StrEnum):
    """How grave it is that a message fits a rule: for the trace, and for who looks for such messages."""

    NOT_SPECIFIED = "NotSpecified"
    DO_NOT_AUDIT = "DoNotAudit"
    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"

    @property
    def sentence(self) -> str:
        return _SEVERITY_SENTENCES[self]

    @property
    def grade(self) -> int:
        """0 where messages are not marked."""
        return {AuditSeverity.LOW: 1, AuditSeverity.MEDIUM: 2, AuditSeverity.HIGH: 3}.get(self, 0)


_SEVERITY_SENTENCES = {
    AuditSeverity.NOT_SPECIFIED: "The trace tells that the message fits, and how grave that is stays open.",
    AuditSeverity.DO_NOT_AUDIT: "The trace has no step of its own for the rule; its hits are counted all the same.",
    AuditSeverity.LOW: "The message is marked, and found by it.",
    AuditSeverity.MEDIUM: "The message is marked, and found by it.",
    AuditSeverity.HIGH: "The message is marked and found by it, and the overview tells that there are such.",
}


class RuleCondition(ConfigModel):
    """One condition or exception: any of its values is enough."""

    kind: ConditionKind = Field(description="Exchange's name of the condition.")
    header: HeaderName = Field("", description="The header field that it looks at, where it is about one.")
    values: tuple[Line, ...] = Field((), max_length=MAX_VALUES, description="What it looks for.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        spec = self.kind.spec
        if bool(self.header) != spec.has_header:
            raise ValueError(f"{self.kind} {'needs the name of a' if spec.has_header else 'is about no'} header field")
        object.__setattr__(self, "values", _read(self.kind, spec.values, self.values, spec.choices, spec.is_single))
        return self


class RuleAction(ConfigModel):
    """One thing that is done with a message that fits."""

    kind: ActionKind = Field(description="Exchange's name of the action.")
    values: tuple[Line, ...] = Field((), max_length=100, description="Addresses, or what is chosen.")
    header: HeaderName = Field("", description="The header field that it sets or removes.")
    text: Lines = Field(
        "", description="What is said, set or put in front. GenerateNotification: up to 5,000 characters, with lines."
    )
    status: str = Field(
        "", description="RejectMessage: 5.7.1, or 5.7.900 to 5.7.999; 4.7.1 or 4.7.9xx: refused for now (451)."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        spec = self.kind.spec
        if self.kind is ActionKind.REJECT and not self.status:
            object.__setattr__(self, "status", "5.7.1")
        for name in ("values", "header", "text", "status"):
            is_said, is_taken = bool(getattr(self, name)), name in spec.takes
            if is_said != is_taken:
                raise ValueError(f"{self.kind} {'needs' if is_taken else 'takes no'} {name}")
        if self.status and not _is_of_rules(self.status):
            raise ValueError(f"'{self.status}' is no status of a rule; write 5.7.1, 5.7.900 to 5.7.999, or 4.7.1")
        if self.header.lower() in KEPT_HEADERS:
            raise ValueError(f"the field {self.header} can't be changed by a rule")
        if self.kind is ActionKind.REJECT and not (self.text.isascii() and self.text.isprintable()):
            raise ValueError("the text of a rejection is part of an SMTP reply: plain ASCII only")  # RFC 5321 4.2
        _check_text(self.kind, self.text)
        object.__setattr__(self, "values", _read(self.kind, spec.values, self.values, spec.choices, spec.is_single))
        return self


def _check_text(kind: ActionKind, text: str) -> None:
    """Raises ValueError."""
    if not kind.spec.is_long:
        if "\n" in text or len(text) > MAX_TEXT:
            raise ValueError(f"the text of {kind} is one line of at most {MAX_TEXT} characters")
        return
    known = {name.lower() for name in VARIABLES}
    for name in _VARIABLE.findall(text):
        if name.lower() not in known:
            raise ValueError(f"there is no %%{name}%%; there are {', '.join(f'%%{one}%%' for one in VARIABLES)}")
    if text.lower().count("%%headers%%") > 1:
        raise ValueError("%%Headers%% can be there once")


def _is_of_rules(status: str) -> bool:
    """Exchange's, and the same for a refusal that passes."""
    return re.fullmatch(r"[45]\.7\.(1|9[0-9]{2})", status) is not None


def _read(
    kind: str, of: ValueKind, values: tuple[str, ...], choices: tuple[str, ...], is_single: bool
) -> tuple[str, ...]:
    """The values in their canonical form. Raises ValueError."""
    if of is ValueKind.NOTHING:
        if values:
            raise ValueError(f"{kind} takes no values")
        return ()
    if not values:
        raise ValueError(f"{kind} needs a value")
    if is_single and len(values) > 1:
        raise ValueError(f"{kind} takes one value")
    return tuple(dict.fromkeys(_value(of, value, choices) for value in values))


def _value(of: ValueKind, value: str, choices: tuple[str, ...]) -> str:
    if not value:
        raise ValueError("a value is empty")
    if of is ValueKind.CHOICE:
        if value not in choices:
            raise ValueError(f"'{value}' must be one of {', '.join(choices)}")
        return value
    if of is ValueKind.SIZE:
        return format_size(parse_size(value))
    if of is ValueKind.EXTENSION:
        return value.lstrip("*").removeprefix(".").lower()
    if of in (ValueKind.ATTRIBUTE_WORD, ValueKind.ATTRIBUTE_PATTERN):
        return _attribute(of, value)
    if of is ValueKind.GROUP_PAIR:
        return _pair(value)
    if of is ValueKind.PATTERN:
        _check_pattern(value)
    reader = _READERS.get(of)
    try:
        return str(reader.validate_python(value)) if reader is not None else value
    except ValidationError as error:
        said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise ValueError(said if "'" in said else f"'{value}' is no id of a connector") from None


def _attribute(of: ValueKind, value: str) -> str:
    """``department: Sales`` -> ``Department:Sales``, as Exchange writes it."""
    said, colon, sought = (part.strip() for part in value.partition(":"))
    name = _ATTRIBUTES.get(said.lower())
    if name is None or not colon or not sought:
        raise ValueError(f"'{value}' must be an attribute and what it holds, such as Department:Sales; they are "
                         f"{', '.join(ATTRIBUTES[:-14])} to 15")  # fmt: skip
    if of is ValueKind.ATTRIBUTE_PATTERN:
        _check_pattern(sought)
    return f"{name}:{sought}"


def _pair(value: str) -> str:
    """``sales@contoso.com,legal@contoso.com`` with a space after the comma."""
    groups = [part.strip() for part in value.split(",")]
    if len(groups) != 2 or not all(groups):
        raise ValueError(f"'{value}' must be two groups, such as sales@contoso.com, legal@contoso.com")
    return ", ".join(_value(ValueKind.ADDRESS, group, ()) for group in groups)


def _check_pattern(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise ValueError(f"a pattern has at most {MAX_TEXT} characters")
    pattern_syntax.parse(text)


_ONCE = (ActionKind.REDIRECT, ActionKind.ADD_MANAGER, ActionKind.ROUTE, ActionKind.SET_IMPORTANCE,
         ActionKind.PREPEND_SUBJECT, ActionKind.NOTIFY_RECIPIENTS)  # fmt: skip


class MailFlowRule(ConfigObject):
    """Looks at each message before it is accepted, and does something with those that fit."""

    is_enabled: bool = Field(True, description="A disabled rule looks at nothing.")
    priority: int = Field(0, ge=0, le=9999, description="0 is asked first; the same number: by name.")
    mode: RuleMode = Field(RuleMode.ENFORCE, description="Whether it acts, or only tells what it would do.")
    conditions: tuple[RuleCondition, ...] = Field(
        (), max_length=30, description="All of them must fit, each by any of its values; none: every message fits."
    )
    exceptions: tuple[RuleCondition, ...] = Field(
        (), max_length=30, description="One that fits is enough for the rule to leave the message alone."
    )
    actions: tuple[RuleAction, ...] = Field(
        min_length=1, max_length=30, description="All of them are done with a message that fits."
    )
    stop_rule_processing: bool = Field(False, description="No rule after it looks at a message that fits it.")
    rule_error_action: RuleErrorAction = Field(
        RuleErrorAction.IGNORE, description="What becomes of a message when it can't be told whether the rule fits."
    )
    sender_address_location: SenderAddressLocation = Field(
        SenderAddressLocation.HEADER, description="Which sender is meant by conditions, and whose manager."
    )
    activation_at: AwareDatetime | None = Field(None, description="Until then it does nothing; empty means at once.")
    expires_at: AwareDatetime | None = Field(None, description="From then on it does nothing; empty means never.")
    set_audit_severity: AuditSeverity = Field(
        AuditSeverity.NOT_SPECIFIED,
        description="How grave it is that a message fits: kept in its trace, of a test too.",
    )
    owner: Line = Field("", description="The person or team to ask about it.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.activation_at and self.expires_at and self.expires_at <= self.activation_at:
            raise ValueError("expires_at must be later than activation_at")
        kinds = [action.kind for action in self.actions]
        final = [kind for kind in kinds if kind.spec.is_final]
        other = next((kind for kind in kinds if not kind.spec.is_final and kind not in BESIDE), None)
        if len(final) > 1 or (final and other is not None):
            raise ValueError(f"actions: nothing else can be done with a message after {final[0]}")
        if ActionKind.REJECT in kinds and ActionKind.REPORT in kinds:
            raise ValueError("actions: there is no report of a rejected message; see Refusals and the hits of the rule")
        if ActionKind.REJECT in kinds and ActionKind.NOTIFY_RECIPIENTS in kinds:
            raise ValueError("actions: recipients are told nothing of a rejected message: its sender is, by the reply")
        for kind in _ONCE:
            if kinds.count(kind) > 1:
                raise ValueError(f"actions: {kind} can be there once")
        to_manager = [one.values for one in self.actions if one.kind is ActionKind.ADD_MANAGER]
        if ActionKind.REDIRECT in kinds and (INSTEAD,) in to_manager:
            raise ValueError("actions: redirect the message to the manager or to others, not both")
        return self

    def is_in_force(self, now: datetime) -> bool:
        """Whether it is enabled, active and not expired."""
        is_begun = self.activation_at is None or self.activation_at <= now
        return self.is_enabled and is_begun and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at
