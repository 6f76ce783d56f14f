"""What the API takes and gives. Objects of the configuration are as in the document's JSON schema."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, model_validator

from mailconsole.changes.services.bring_up_to_date import Side
from mailconsole.common import storable


class Taken(Schema):
    """Base of what is taken: an unknown key is an error, as in the document, and a text that no database takes, too."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, given: Any) -> Any:
        said = getattr(given, "_obj", given)
        if isinstance(said, dict) and storable.value(said) != said:
            raise ValueError("a text holds NUL, or half of a character")
        return given


class NewChange(Taken):
    """A draft; with `document` (sections as in the schema) it leads to that document, left out sections stay."""

    title: str = ""
    reason: str = ""
    ticket: str = ""
    document: dict[str, Any] | None = None


class Description(Taken):
    title: str
    reason: str = ""
    ticket: str = ""


class Seen(Taken):
    """The digest of the plan that was looked at."""

    digest: str
    comment: str = ""


class Published(Taken):
    digest: str | None = None


class Why(Taken):
    reason: str = ""


class Loud(Taken):
    """`digest`, where given, is of the plan that was looked at."""

    reason: str = ""
    digest: str | None = None


class Said(Taken):
    comment: str


class At(Taken):
    """The digest of the plan that was looked at, and when to publish it (with an offset, as RFC 3339 has it)."""

    digest: str
    at: AwareDatetime


class End(Taken):
    expires_at: AwareDatetime | None


class Earlier(Taken):
    ends_at: AwareDatetime
    reason: str


class Longer(Taken):
    """`until` is the later end; null takes it away."""

    until: AwareDatetime | None
    reason: str


class Remark(Taken):
    """`kind` and `object_id` name an item of the change; without them it is about the change."""

    comment: str
    kind: str = ""
    object_id: str = ""


class Settled(Taken):
    """What counts in one field that clashed: `side` is draft, head, base, or typed with its `value`."""

    kind: str
    object_id: str
    field: str = ""
    side: Side
    value: Any = None


class UpToDate(Taken):
    """`head` is the revision that the choices were made against; `prefer` settles what `settled` does not."""

    head: int | None = None
    prefer: Side | None = None
    settled: list[Settled] = []


class ItemOut(Schema):
    kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ReviewOut(Schema):
    reviewer: str
    verdict: str
    comment: str
    is_void: bool
    created_at: datetime


class CommentOut(Schema):
    """What was said of the change, or of the item that `kind` and `object_id` name."""

    author: str
    text: str
    kind: str
    object_id: str
    created_at: datetime


class ChangeOut(Schema):
    """A change; `digest` is what an approval is given for."""

    id: int
    title: str
    reason: str
    ticket: str
    author: str
    state: str
    base: int
    revision: int | None
    is_review_owed: bool
    digest: str
    created_at: datetime
    updated_at: datetime
    publish_at: datetime | None
    schedule_problem: str
    expires_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    end_problem: str
    restores: int | None
    prolongs: int | None
    prolonged_to: datetime | None
    items: list[ItemOut]
    reviews: list[ReviewOut]
    comments: list[CommentOut]


class AppliedOut(Schema):
    """What became of a document: unchanged (then without a change), submitted, waits_already, or drafted."""

    outcome: str
    change: ChangeOut | None


class ChangeRow(Schema):
    id: int
    title: str
    author: str
    state: str
    is_review_owed: bool
    updated_at: datetime


class NeedOut(Schema):
    """What the approval rules ask: so many approvals of a reviewer group (null: of any reviewer), and why."""

    approvals: int
    group: str | None
    given: list[str]
    missing: int
    reasons: list[str]


class ForetoldOut(Schema):
    """What a document would change; `is_applicable` where nothing is in the way."""

    head: int
    sentences: list[str]
    problems: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]
    is_applicable: bool


class PlanOut(Schema):
    """What would happen on publish."""

    digest: str
    head: int
    sentences: list[str]
    problems: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]
    needs: list[NeedOut]
    waived: list[str]


class ImpactOut(Schema):
    """The replay of recent traffic under a change: where it stands, and in the end what it found."""

    days: int
    state: str
    sentence: str
    done: int
    total: int
    report: dict[str, Any] | None


class RevisionOut(Schema):
    number: int
    digest: str
    parent: int | None
    change: int | None
    author: str | None
    published_by: str | None
    way: str
    reason: str
    created_at: datetime


class YamlOut(Schema):
    """One object that differs: its lines of YAML, with their signs."""

    kind: str
    object_id: str
    title: str
    lines: list[str]


class DifferenceOut(Schema):
    """What differs between two revisions; `yaml_left_out` says how many objects' lines were too many to give."""

    sentences: list[str]
    yaml: list[YamlOut]
    yaml_left_out: int


class ActivationOut(Schema):
    revision: int
    state: str
    error: str
    at: datetime


class NodeOut(Schema):
    name: str
    is_accepting: bool
    why_not: str
    running_revision: int | None
    running_digest: str
    drift: str
    heartbeat_at: datetime | None
    is_lost: bool
    listening: list[str]
    software_version: str
    last_activation: ActivationOut | None
