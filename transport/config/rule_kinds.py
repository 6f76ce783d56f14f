"""Which conditions and actions mail flow rules have, in Exchange's words: one table each, nothing decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Reads(IntEnum):
    """How much of a message has to be looked at; a rule that reads less is asked first and costs less."""

    ENVELOPE = 0
    DIRECTORY = 1
    HEADER = 2
    CONTENT = 3

    @property
    def sentence(self) -> str:
        return _READS[self]


_READS = {
    Reads.ENVELOPE: "Needs only what client and envelope say.",
    Reads.DIRECTORY: "Needs the envelope and the directory.",
    Reads.HEADER: "Needs the message's header.",
    Reads.CONTENT: "Needs the message's parts: each message is looked through.",
}


class ValueKind(StrEnum):
    """What a condition or an action is given."""

    NOTHING = "nothing"
    ADDRESS = "address"
    DOMAIN = "domain"
    NETWORK = "network"
    WORD = "word"
    PATTERN = "pattern"
    SIZE = "size"
    CHOICE = "choice"
    RECEIVE_CONNECTOR = "receive connector"
    SEND_CONNECTOR = "send connector"
    EXTENSION = "extension"
    ATTRIBUTE_WORD = "attribute and word"
    ATTRIBUTE_PATTERN = "attribute and pattern"
    GROUP_PAIR = "pair of groups"

    @property
    def sentence(self) -> str:
        return _VALUES[self]


_VALUES = {
    ValueKind.NOTHING: "Nothing more to say.",
    ValueKind.ADDRESS: "Addresses, for example anna@contoso.com.",
    ValueKind.DOMAIN: "Domains, with their subdomains, for example contoso.com.",
    ValueKind.NETWORK: "Addresses, a-b ranges or networks, for example 10.1.2.0/24.",
    ValueKind.WORD: "Words or phrases, found whole and in any letter case.",
    ValueKind.PATTERN: "Patterns: . * + ? | ( ) [ ] { } ^ $ and \\d \\w \\s, anywhere in the text, in any letter case.",
    ValueKind.SIZE: "A size, for example 10 MB.",
    ValueKind.CHOICE: "One or more of those listed.",
    ValueKind.RECEIVE_CONNECTOR: "Receive connectors, by their ids.",
    ValueKind.SEND_CONNECTOR: "A send connector, by its id.",
    ValueKind.EXTENSION: "Ends of file names, for example exe.",
    ValueKind.ATTRIBUTE_WORD: "Attribute and words, for example Department:Sales, or CustomAttribute1:Berlin.",
    ValueKind.ATTRIBUTE_PATTERN: "Attribute and pattern, for example Title:^Head of, or CustomAttribute1:^CC-\\d+$.",
    ValueKind.GROUP_PAIR: "Groups in pairs, one pair a line, for example sales@contoso.com, legal@contoso.com.",
}


PATTERNS = frozenset((ValueKind.PATTERN, ValueKind.ATTRIBUTE_PATTERN))
WORDS = frozenset((ValueKind.WORD, ValueKind.ATTRIBUTE_WORD))
ATTRIBUTES = (
    "DisplayName", "FirstName", "Initials", "LastName", "Email", "UserLogonName", "Title", "Department", "Company",
    "Office", "Street", "POBox", "City", "State", "ZipCode", "Country", "PhoneNumber", "FaxNumber", "MobileNumber",
    "Manager", *(f"CustomAttribute{number}" for number in range(1, 16)),
)  # fmt: skip
"""Of people, as a directory has them, in Exchange's words."""


@dataclass(frozen=True, slots=True)
class ConditionSpec:
    """``phrase`` has {} for the values and {header} for the header field's name."""

    phrase: str
    values: ValueKind
    reads: Reads
    group: str
    choices: tuple[str, ...] = ()
    has_header: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it takes one value."""
        return self.values is ValueKind.SIZE


class ConditionKind(StrEnum):
    """Exchange's predicates that concern envelope, header, size, attachments and the directory, and two of ours."""

    FROM = "From"
    FROM_SCOPE = "FromScope"
    FROM_MEMBER_OF = "FromMemberOf"
    FROM_ADDRESS_WORDS = "FromAddressContainsWords"
    FROM_ADDRESS_PATTERNS = "FromAddressMatchesPatterns"
    SENDER_DOMAIN = "SenderDomainIs"
    SENDER_ATTRIBUTE_WORDS = "SenderADAttributeContainsWords"
    SENDER_ATTRIBUTE_PATTERNS = "SenderADAttributeMatchesPatterns"
    SENDER_MANAGER = "SenderManagerIs"
    SENDER_IP = "SenderIPRanges"
    SENDER_AUTHENTICATED = "SenderIsAuthenticated"
    RECEIVE_CONNECTOR = "ReceiveConnectorIs"
    SENT_TO = "SentTo"
    SENT_TO_SCOPE = "SentToScope"
    SENT_TO_MEMBER_OF = "SentToMemberOf"
    RECIPIENT_WORDS = "RecipientAddressContainsWords"
    RECIPIENT_PATTERNS = "RecipientAddressMatchesPatterns"
    RECIPIENT_DOMAIN = "RecipientDomainIs"
    RECIPIENT_ATTRIBUTE_WORDS = "RecipientADAttributeContainsWords"
    RECIPIENT_ATTRIBUTE_PATTERNS = "RecipientADAttributeMatchesPatterns"
    RECIPIENT_MANAGER = "RecipientManagerIs"
    MANAGEMENT = "SenderManagementRelationship"
    SAME_ATTRIBUTE = "ADAttributeEqual"
    OTHER_ATTRIBUTE = "ADAttributeNotEqual"
    BETWEEN_MEMBERS = "BetweenMemberOf"
    TO_HEADER = "AnyOfToHeader"
    CC_HEADER = "AnyOfCcHeader"
    TO_CC_HEADER = "AnyOfToCcHeader"
    TO_MEMBER_OF = "AnyOfToHeaderMemberOf"
    CC_MEMBER_OF = "AnyOfCcHeaderMemberOf"
    TO_CC_MEMBER_OF = "AnyOfToCcHeaderMemberOf"
    SUBJECT_WORDS = "SubjectContainsWords"
    SUBJECT_PATTERNS = "SubjectMatchesPatterns"
    HEADER_WORDS = "HeaderContainsWords"
    HEADER_PATTERNS = "HeaderMatchesPatterns"
    IMPORTANCE = "WithImportance"
    MESSAGE_TYPE = "MessageTypeMatches"
    MESSAGE_SIZE = "MessageSizeOver"
    CHARACTER_SET = "ContentCharacterSetContainsWords"
    ATTACHMENT_NAME = "AttachmentNameMatchesPatterns"
    ATTACHMENT_EXTENSION = "AttachmentExtensionMatchesWords"
    ATTACHMENT_SIZE = "AttachmentSizeOver"
    ATTACHMENT_EXECUTABLE = "AttachmentHasExecutableContent"
    ATTACHMENT_PASSWORD = "AttachmentIsPasswordProtected"  # noqa: S105  # the name of a condition
    ATTACHMENT_LIMIT = "AttachmentProcessingLimitExceeded"
    ATTACHMENT_UNSUPPORTED = "AttachmentIsUnsupported"

    @property
    def spec(self) -> ConditionSpec:
        return CONDITIONS[self]

    @property
    def sentence(self) -> str:
        return self.spec.phrase.format("…", header="…")


INSIDE, OUTSIDE = "InOrganization", "NotInOrganization"
_SCOPES = (INSIDE, OUTSIDE)
_K, _V, _R = ConditionKind, ValueKind, Reads
_SENDER, _RECIPIENT, _HEADER, _ATTACHMENT, _MESSAGE = "Sender", "Recipient", "Header", "Attachment", "Message"
_BOTH = "Sender and recipient"
MANAGER_OF, REPORTS_TO = "Manager", "DirectReport"

CONDITIONS: dict[ConditionKind, ConditionSpec] = {
    _K.FROM: ConditionSpec("the sender is {}", _V.ADDRESS, _R.HEADER, _SENDER),
    _K.FROM_SCOPE: ConditionSpec("the sender is {}", _V.CHOICE, _R.HEADER, _SENDER, _SCOPES),
    _K.FROM_MEMBER_OF: ConditionSpec("the sender is a member of {}", _V.ADDRESS, _R.HEADER, _SENDER),
    _K.FROM_ADDRESS_WORDS: ConditionSpec("the sender's address contains {}", _V.WORD, _R.HEADER, _SENDER),
    _K.FROM_ADDRESS_PATTERNS: ConditionSpec("the sender's address matches {}", _V.PATTERN, _R.HEADER, _SENDER),
    _K.SENDER_DOMAIN: ConditionSpec("the sender's domain is {}", _V.DOMAIN, _R.HEADER, _SENDER),
    _K.SENDER_ATTRIBUTE_WORDS: ConditionSpec(
        "an attribute of the sender contains {}", _V.ATTRIBUTE_WORD, _R.HEADER, _SENDER
    ),
    _K.SENDER_ATTRIBUTE_PATTERNS: ConditionSpec(
        "an attribute of the sender matches {}", _V.ATTRIBUTE_PATTERN, _R.HEADER, _SENDER
    ),
    _K.SENDER_MANAGER: ConditionSpec("the sender's manager is {}", _V.ADDRESS, _R.HEADER, _SENDER),
    _K.SENDER_IP: ConditionSpec("the client's address is in {}", _V.NETWORK, _R.ENVELOPE, _SENDER),
    _K.SENDER_AUTHENTICATED: ConditionSpec(
        "the client signed in: {}", _V.CHOICE, _R.ENVELOPE, _SENDER, ("Yes", "No")
    ),
    _K.RECEIVE_CONNECTOR: ConditionSpec(
        "it came by the receive connector {}", _V.RECEIVE_CONNECTOR, _R.ENVELOPE, _SENDER
    ),
    _K.SENT_TO: ConditionSpec("a recipient is {}", _V.ADDRESS, _R.ENVELOPE, _RECIPIENT),
    _K.SENT_TO_SCOPE: ConditionSpec("a recipient is {}", _V.CHOICE, _R.ENVELOPE, _RECIPIENT, _SCOPES),
    _K.SENT_TO_MEMBER_OF: ConditionSpec("a recipient is a member of {}", _V.ADDRESS, _R.DIRECTORY, _RECIPIENT),
    _K.RECIPIENT_WORDS: ConditionSpec("a recipient's address contains {}", _V.WORD, _R.ENVELOPE, _RECIPIENT),
    _K.RECIPIENT_PATTERNS: ConditionSpec("a recipient's address matches {}", _V.PATTERN, _R.ENVELOPE, _RECIPIENT),
    _K.RECIPIENT_DOMAIN: ConditionSpec("a recipient's domain is {}", _V.DOMAIN, _R.ENVELOPE, _RECIPIENT),
    _K.RECIPIENT_ATTRIBUTE_WORDS: ConditionSpec(
        "an attribute of a recipient contains {}", _V.ATTRIBUTE_WORD, _R.DIRECTORY, _RECIPIENT
    ),
    _K.RECIPIENT_ATTRIBUTE_PATTERNS: ConditionSpec(
        "an attribute of a recipient matches {}", _V.ATTRIBUTE_PATTERN, _R.DIRECTORY, _RECIPIENT
    ),
    _K.RECIPIENT_MANAGER: ConditionSpec("a recipient's manager is {}", _V.ADDRESS, _R.DIRECTORY, _RECIPIENT),
    _K.MANAGEMENT: ConditionSpec(
        "the sender is to a recipient: {}", _V.CHOICE, _R.HEADER, _BOTH, (MANAGER_OF, REPORTS_TO)
    ),
    _K.SAME_ATTRIBUTE: ConditionSpec("sender and recipient have the same {}", _V.CHOICE, _R.HEADER, _BOTH, ATTRIBUTES),
    _K.OTHER_ATTRIBUTE: ConditionSpec(
        "sender and recipient differ in {}", _V.CHOICE, _R.HEADER, _BOTH, ATTRIBUTES
    ),
    _K.BETWEEN_MEMBERS: ConditionSpec("it is between members of {}", _V.GROUP_PAIR, _R.HEADER, _BOTH),
    _K.TO_HEADER: ConditionSpec("To names {}", _V.ADDRESS, _R.HEADER, _HEADER),
    _K.CC_HEADER: ConditionSpec("Cc names {}", _V.ADDRESS, _R.HEADER, _HEADER),
    _K.TO_CC_HEADER: ConditionSpec("To or Cc names {}", _V.ADDRESS, _R.HEADER, _HEADER),
    _K.TO_MEMBER_OF: ConditionSpec("To names a member of {}", _V.ADDRESS, _R.HEADER, _HEADER),
    _K.CC_MEMBER_OF: ConditionSpec("Cc names a member of {}", _V.ADDRESS, _R.HEADER, _HEADER),
    _K.TO_CC_MEMBER_OF: ConditionSpec("To or Cc names a member of {}", _V.ADDRESS, _R.HEADER, _HEADER),
    _K.SUBJECT_WORDS: ConditionSpec("the subject contains {}", _V.WORD, _R.HEADER, _HEADER),
    _K.SUBJECT_PATTERNS: ConditionSpec("the subject matches {}", _V.PATTERN, _R.HEADER, _HEADER),
    _K.HEADER_WORDS: ConditionSpec("the field {header} contains {}", _V.WORD, _R.HEADER, _HEADER, has_header=True),
    _K.HEADER_PATTERNS: ConditionSpec(
        "the field {header} matches {}", _V.PATTERN, _R.HEADER, _HEADER, has_header=True
    ),
    _K.IMPORTANCE: ConditionSpec(
        "its importance is {}", _V.CHOICE, _R.HEADER, _MESSAGE, ("High", "Normal", "Low")
    ),
    _K.MESSAGE_TYPE: ConditionSpec(
        "its type is {}",
        _V.CHOICE,
        _R.HEADER,
        _MESSAGE,
        (
            "OOF", "AutoForward", "AutoGenerated", "Encrypted", "Signed", "Calendaring", "ReadReceipt",
            "DeliveryReport", "PermissionControlled", "Voicemail",
        ),
    ),
    _K.MESSAGE_SIZE: ConditionSpec("it is larger than {}", _V.SIZE, _R.ENVELOPE, _MESSAGE),
    _K.CHARACTER_SET: ConditionSpec("a character set of its text contains {}", _V.WORD, _R.CONTENT, _MESSAGE),
    _K.ATTACHMENT_NAME: ConditionSpec("an attachment's name matches {}", _V.PATTERN, _R.CONTENT, _ATTACHMENT),
    _K.ATTACHMENT_EXTENSION: ConditionSpec("an attachment's name ends in {}", _V.EXTENSION, _R.CONTENT, _ATTACHMENT),
    _K.ATTACHMENT_SIZE: ConditionSpec("an attachment is larger than {}", _V.SIZE, _R.CONTENT, _ATTACHMENT),
    _K.ATTACHMENT_EXECUTABLE: ConditionSpec("an attachment is executable", _V.NOTHING, _R.CONTENT, _ATTACHMENT),
    _K.ATTACHMENT_PASSWORD: ConditionSpec(
        "an attachment is a ZIP file with a password", _V.NOTHING, _R.CONTENT, _ATTACHMENT
    ),
    _K.ATTACHMENT_LIMIT: ConditionSpec(
        "its parts could not all be looked through", _V.NOTHING, _R.CONTENT, _ATTACHMENT
    ),
    _K.ATTACHMENT_UNSUPPORTED: ConditionSpec(
        "an attachment is of a type that Exchange does not look into", _V.NOTHING, _R.CONTENT, _ATTACHMENT
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """``phrase`` has {} for the values, {header}, {text} and {status}. ``takes``: which of them it is given.
    ``is_final``: the message is not accepted, or goes nowhere. ``is_long``: its text has lines and variables."""

    phrase: str
    takes: tuple[str, ...] = ()
    values: ValueKind = ValueKind.NOTHING
    choices: tuple[str, ...] = ()
    is_final: bool = False
    is_long: bool = False

    @property
    def is_single(self) -> bool:
        return self.values in (ValueKind.CHOICE, ValueKind.SEND_CONNECTOR)


class ActionKind(StrEnum):
    """Exchange's actions, Exchange Online's route by a connector, and holding for an operator."""

    REJECT = "RejectMessage"
    DELETE = "DeleteMessage"
    REDIRECT = "RedirectMessageTo"
    BLIND_COPY = "BlindCopyTo"
    ADD_TO = "AddToRecipients"
    COPY_TO = "CopyTo"
    ADD_MANAGER = "AddManagerAsRecipientType"
    SET_HEADER = "SetHeader"
    REMOVE_HEADER = "RemoveHeader"
    PREPEND_SUBJECT = "PrependSubject"
    SET_IMPORTANCE = "SetImportance"
    REQUIRE_TLS = "RouteMessageOutboundRequireTls"
    ROUTE = "RouteMessageOutboundConnector"
    NOTIFY_SENDER = "NotifySender"
    REPORT = "GenerateIncidentReport"
    NOTIFY_RECIPIENTS = "GenerateNotification"
    HOLD = "HoldMessage"
    LOG = "LogEventText"

    @property
    def spec(self) -> ActionSpec:
        return ACTIONS[self]

    @property
    def sentence(self) -> str:
        return self.spec.phrase.format("…", header="…", text="…", status="…")


_A = ActionKind
AS_TO, AS_CC, AS_BCC, INSTEAD = "To", "Cc", "Bcc", "Redirect"
ACTIONS: dict[ActionKind, ActionSpec] = {
    _A.REJECT: ActionSpec("reject the message with {status} “{text}”", ("status", "text"), is_final=True),
    _A.DELETE: ActionSpec("delete the message and tell nobody", is_final=True),
    _A.REDIRECT: ActionSpec("redirect the message to {}", ("values",), _V.ADDRESS),
    _A.BLIND_COPY: ActionSpec("add {} as Bcc", ("values",), _V.ADDRESS),
    _A.ADD_TO: ActionSpec("add {} to the recipients in To", ("values",), _V.ADDRESS),
    _A.COPY_TO: ActionSpec("add {} to the recipients in Cc", ("values",), _V.ADDRESS),
    _A.ADD_MANAGER: ActionSpec(
        "send it to the sender's manager {}", ("values",), _V.CHOICE, (AS_TO, AS_CC, AS_BCC, INSTEAD)
    ),
    _A.SET_HEADER: ActionSpec("set the header field {header} to “{text}”", ("header", "text")),
    _A.REMOVE_HEADER: ActionSpec("remove the header field {header}", ("header",)),
    _A.PREPEND_SUBJECT: ActionSpec("put “{text}” before the subject", ("text",)),
    _A.SET_IMPORTANCE: ActionSpec("set the importance to {}", ("values",), _V.CHOICE, ("High", "Normal", "Low")),
    _A.REQUIRE_TLS: ActionSpec("send it over TLS or not at all"),
    _A.ROUTE: ActionSpec("send it by the send connector {}", ("values",), _V.SEND_CONNECTOR),
    _A.NOTIFY_SENDER: ActionSpec("tell the sender “{text}”", ("text",)),
    _A.REPORT: ActionSpec("send a report about it to {}", ("values",), _V.ADDRESS),
    _A.NOTIFY_RECIPIENTS: ActionSpec("tell its recipients “{text}”", ("text",), is_long=True),
    _A.HOLD: ActionSpec("hold it for an operator"),
    _A.LOG: ActionSpec("note “{text}” in the trace", ("text",)),
}
TELLING = frozenset((_A.NOTIFY_SENDER, _A.REPORT))
"""Tell somebody about a message and leave it as it is: what AuditAndNotify does."""
BESIDE = TELLING | {_A.NOTIFY_RECIPIENTS, _A.LOG}
"""Can be done with a message that goes nowhere."""
VARIABLES = ("From", "To", "Cc", "Subject", "Headers", "MessageDate")
"""Of a text to recipients, between %%: what the message says there."""
