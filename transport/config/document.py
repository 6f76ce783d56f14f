"""MailFlow, the configuration document: one immutable value, in sections, with a canonical form and a digest."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Any, Self

from pydantic import Field, model_validator

from transport.config.objects import (
    AcceptedDomain,
    AddressRewriteEntry,
    AddressSpace,
    AllowListProvider,
    ApprovalRule,
    BlockListProvider,
    ConfigModel,
    ConfigObject,
    DistributionGroup,
    IpListEntry,
    MailFlowRule,
    MessageRateSource,
    Organization,
    PermissionGroup,
    ReceiveConnector,
    Recipient,
    RelayPolicy,
    RemoteDomain,
    ReviewerGroup,
    SendConnector,
    ServiceAccount,
    TlsMode,
)
from transport.config.types import STORED

SCHEMA_VERSION = 1


class MailFlow(ConfigModel):
    """Everything that decides about mail. Order within a section carries no meaning; ids are unique in a section."""

    schema_version: int = Field(SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION, description="The document's format.")
    organization: Organization = Field(default_factory=lambda: Organization())
    receive_connectors: tuple[ReceiveConnector, ...] = ()
    send_connectors: tuple[SendConnector, ...] = ()
    accepted_domains: tuple[AcceptedDomain, ...] = ()
    remote_domains: tuple[RemoteDomain, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    distribution_groups: tuple[DistributionGroup, ...] = ()
    address_rewriting: tuple[AddressRewriteEntry, ...] = ()
    relay_policies: tuple[RelayPolicy, ...] = ()
    mail_flow_rules: tuple[MailFlowRule, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    ip_block_list_providers: tuple[BlockListProvider, ...] = ()
    ip_allow_list_providers: tuple[AllowListProvider, ...] = ()
    approval_rules: tuple[ApprovalRule, ...] = ()
    reviewer_groups: tuple[ReviewerGroup, ...] = ()
    ip_allow_list: tuple[IpListEntry, ...] = ()
    ip_block_list: tuple[IpListEntry, ...] = ()

    @model_validator(mode="after")
    def _in_canonical_order(self) -> Self:
        for kind in (*OBJECT_KINDS, *LIST_KINDS):
            items = getattr(self, kind)
            if all(one < two for one, two in pairwise(identity(kind, item) for item in items)):
                continue  # as every stored document is
            ordered = tuple(sorted(items, key=lambda item: identity(kind, item)))
            for one, two in pairwise(ordered):
                if identity(kind, one) == identity(kind, two):
                    raise ValueError(f"{kind}: '{identity(kind, one)}' is there twice")
            object.__setattr__(self, kind, ordered)
        return self

    def section(self, name: str) -> Any:
        """The value of the section ``name``. Raises KeyError."""
        if name not in SECTIONS:
            raise KeyError(name)
        return getattr(self, name)

    @property
    def default_domain(self) -> str:
        """The default accepted domain, else the first, else empty."""
        for domain in self.accepted_domains:
            if domain.is_default:
                return domain.domain
        return self.accepted_domains[0].domain if self.accepted_domains else ""


OBJECT_KINDS: dict[str, type[ConfigObject]] = {
    "receive_connectors": ReceiveConnector,
    "send_connectors": SendConnector,
    "accepted_domains": AcceptedDomain,
    "remote_domains": RemoteDomain,
    "recipients": Recipient,
    "distribution_groups": DistributionGroup,
    "address_rewriting": AddressRewriteEntry,
    "relay_policies": RelayPolicy,
    "mail_flow_rules": MailFlowRule,
    "service_accounts": ServiceAccount,
    "ip_block_list_providers": BlockListProvider,
    "ip_allow_list_providers": AllowListProvider,
    "approval_rules": ApprovalRule,
    "reviewer_groups": ReviewerGroup,
}
"""Sections that are lists of objects with an id."""

LIST_KINDS: dict[str, type[IpListEntry]] = {"ip_allow_list": IpListEntry, "ip_block_list": IpListEntry}
"""Sections that are lists of entries whose network is their identity."""

SECTIONS: tuple[str, ...] = ("organization", *OBJECT_KINDS, *LIST_KINDS)
LATER_SECTIONS = ("approval_rules", "reviewer_groups")
"""Sections that revisions may be older than: an empty one is left out of the digest, so that theirs stays right."""
_NOTHING = hashlib.sha256(b"[]").hexdigest()


def identity(kind: str, item: Any) -> str:
    """The identity of an item of section ``kind``: its id, its network, or ``organization``."""
    if kind in OBJECT_KINDS:
        return str(item.id)
    return str(item.network) if kind in LIST_KINDS else "organization"


def canonical_section(document: MailFlow, name: str) -> bytes:
    """One section as canonical JSON: sorted keys, no white space; the input of its digest."""
    value = document.section(name)
    if name == "organization":
        data: Any = value.model_dump(mode="json")
    else:
        data = [item.model_dump(mode="json") for item in value]
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def section_digest(document: MailFlow, name: str) -> str:
    """SHA-256 of the section's canonical form, in hex."""
    return hashlib.sha256(canonical_section(document, name)).hexdigest()


def manifest_digest(digests: dict[str, str]) -> str:
    """SHA-256 over the sections' digests: what a revision is identified by and an approval is given for."""
    counted = [name for name in SECTIONS if not (name in LATER_SECTIONS and digests.get(name, _NOTHING) == _NOTHING)]
    manifest = {"schema_version": SCHEMA_VERSION, "sections": {name: digests[name] for name in counted}}
    return hashlib.sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def digest(document: MailFlow) -> str:
    """The document's digest."""
    return manifest_digest({name: section_digest(document, name) for name in SECTIONS})


def from_sections(sections: dict[str, bytes | str]) -> MailFlow:
    """The document of canonical sections, validated again. Raises pydantic.ValidationError, ValueError."""
    return MailFlow.model_validate({name: json.loads(data) for name, data in sections.items()}, context=STORED)


def initial_document() -> MailFlow:
    """What a new installation runs: two receive connectors, nothing accepted, nobody may relay."""
    return MailFlow(
        receive_connectors=(
            ReceiveConnector(
                id="default",
                name="Default",
                comment="Made at first start.",
                max_inbound_connections_per_source=None,
                max_inbound_connection_percentage_per_source=100,
                max_recipients_per_message=5000,
            ),
            ReceiveConnector(
                id="client",
                name="Client",
                comment="Made at first start.",
                bindings=("submission",),
                permission_groups=(PermissionGroup.EXCHANGE_USERS,),
                tls_mode=TlsMode.REQUIRED,
                message_rate_source=MessageRateSource.USER,
            ),
        )
    )


__all__ = [
    "LIST_KINDS",
    "OBJECT_KINDS",
    "SCHEMA_VERSION",
    "SECTIONS",
    "AddressSpace",
    "MailFlow",
    "canonical_section",
    "digest",
    "from_sections",
    "identity",
    "initial_document",
    "manifest_digest",
    "section_digest",
]
