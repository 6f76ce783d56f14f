"""Who has to agree to which change: rules in order, and named groups of reviewers. Nodes do not read it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.phrases import label
from transport.config.types import Choices, Duration, Line, Names, NamesPerson, ObjectId


def section_names() -> Mapping[str, str]:
    """The sections of the document, each with its words."""
    from transport.config.document import SECTIONS  # the document is made of this object

    return {name: label(name) for name in SECTIONS}


def _section(value: str) -> str:
    if value not in section_names():
        raise ValueError(f"'{value}' is no section of the configuration")
    return value


SectionName = Annotated[str, AfterValidator(_section), Choices(section_names)]


class Risk(StrEnum):
    """Which changes of its sections a rule is about."""

    ANY = "any"
    BROAD = "broad"
    DELETION = "deletion"

    @property
    def sentence(self) -> str:
        return {
            Risk.ANY: "Every change.",
            Risk.BROAD: "Whatever is open to anybody or takes much mail at once: broad networks, domains that are "
            "relayed, connectors for everything, rules for all mail, and these rules; the help lists it.",
            Risk.DELETION: "An object that is deleted, or loses its effect as if it were: switched off, made a test, "
            "made to begin later or to end earlier.",
        }[self]


class ReviewerRole(StrEnum):
    """People of a reviewer group by their role."""

    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"

    @property
    def sentence(self) -> str:
        return {
            ReviewerRole.REVIEWER: "Everybody who may review.",
            ReviewerRole.ADMINISTRATOR: "Every administrator.",
        }[self]


class ApprovalRule(ConfigObject):
    """The first rule that is about an object of a change says how many people approve it. Without one, one does."""

    is_enabled: bool = Field(True, description="A disabled rule says nothing.")
    priority: int = Field(0, ge=0, le=1000, description="The lowest number is asked first.")
    kinds: tuple[SectionName, ...] = Field((), description="What it is about; none means everything.")
    risk: Risk = Field(Risk.ANY, description="Which changes of that.")
    expires_within: Duration | None = Field(
        None, ge=60, description="Only new objects that end by themselves within this time; empty means any."
    )
    approvals: int = Field(
        1,
        ge=0,
        le=5,
        description="How many people other than the author agree, of each group; 0 lets the author publish alone. "
        "What is broad, and these rules themselves, always need one.",
    )
    reviewer_groups: tuple[Annotated[ObjectId, Names("reviewer_groups")], ...] = Field(
        (), description="The reviewer groups that approve; none means any reviewer."
    )

    @model_validator(mode="after")
    def _asks_nobody_or_somebody(self) -> Self:
        if not self.approvals and self.reviewer_groups:
            raise ValueError("reviewer_groups of a rule that needs no approval would never be asked")
        return self


class ReviewerGroup(ConfigObject):
    """Reviewers by name or by role. Who is named but may not review does not count."""

    members: tuple[Annotated[Line, NamesPerson()], ...] = Field((), description="User names of reviewers.")
    roles: tuple[ReviewerRole, ...] = Field((), description="Everybody of these roles, too.")

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.members and not self.roles:
            raise ValueError("members or roles must say who is in the group")
        return self
