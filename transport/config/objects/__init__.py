"""The objects of mail flow, with Exchange's words and defaults; validation within one object only.

``description`` of a field is the help text on its form and in the JSON schema.
"""

from transport.config.objects.approval import ApprovalRule, ReviewerGroup, ReviewerRole, Risk
from transport.config.objects.base import ConfigModel, ConfigObject
from transport.config.objects.domains import AcceptedDomain, DomainType
from transport.config.objects.list_providers import AllowListProvider, BlockListProvider, ListProvider, Unavailable
from transport.config.objects.mail_flow_rules import (
    AuditSeverity,
    MailFlowRule,
    RuleAction,
    RuleCondition,
    RuleErrorAction,
    RuleMode,
    SenderAddressLocation,
)
from transport.config.objects.organization import Organization
from transport.config.objects.protocol_logging import ProtocolLoggingLevel
from transport.config.objects.receive import (
    AuthMechanism,
    PermissionGroup,
    ProxyProtocol,
    ReceiveConnector,
    SenderOwnership,
    TlsMode,
)
from transport.config.objects.receive_extensions import ReceiveExtensions, SizeEnabled
from transport.config.objects.receive_limits import MessageRateSource
from transport.config.objects.recipients import DistributionGroup, MailRecipient, Recipient
from transport.config.objects.relay import IdentityMatch, IpListEntry, RelayPolicy
from transport.config.objects.remote_domains import RemoteDomain
from transport.config.objects.rewriting import AddressRewriteEntry
from transport.config.objects.send import AddressSpace, HomeServer, SendConnector, TlsLevel
from transport.config.objects.service_accounts import ServiceAccount
from transport.config.objects.shadow import ShadowPreference

__all__ = [
    "AcceptedDomain",
    "AddressRewriteEntry",
    "AddressSpace",
    "AllowListProvider",
    "ApprovalRule",
    "AuditSeverity",
    "AuthMechanism",
    "BlockListProvider",
    "ConfigModel",
    "ConfigObject",
    "DistributionGroup",
    "DomainType",
    "HomeServer",
    "IdentityMatch",
    "IpListEntry",
    "ListProvider",
    "MailFlowRule",
    "MailRecipient",
    "MessageRateSource",
    "Organization",
    "PermissionGroup",
    "ProtocolLoggingLevel",
    "ProxyProtocol",
    "ReceiveConnector",
    "ReceiveExtensions",
    "Recipient",
    "RelayPolicy",
    "RemoteDomain",
    "ReviewerGroup",
    "ReviewerRole",
    "Risk",
    "RuleAction",
    "RuleCondition",
    "RuleErrorAction",
    "RuleMode",
    "SendConnector",
    "SenderAddressLocation",
    "SenderOwnership",
    "ServiceAccount",
    "ShadowPreference",
    "SizeEnabled",
    "TlsLevel",
    "TlsMode",
    "Unavailable",
]
