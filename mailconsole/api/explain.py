"""What the rules would answer to an attempt. Nothing is sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import AwareDatetime, Field, IPvAnyAddress

from mailconsole.accounts.access import user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.api.auth import actor_of
from mailconsole.api.problems import NotAnAddress
from mailconsole.api.schemas import Taken
from mailconsole.changes import recorded
from mailconsole.changes.services.explain import explain
from mailconsole.changes.services.explained_json import as_json
from mailconsole.changes.services.explanation import EARLIEST, LATEST, Directory, Question
from mailconsole.changes.services.list_answers import ask_nobody, ask_now
from mailconsole.changes.services.under import under
from mailconsole.nodes.services import known_nodes
from transport.model.address import InvalidAddress

router = Router(tags=["explain"])


class Attempt(Taken):
    """An attempt; `under` is empty for what is in effect, `r7` for revision 7, `c3` for change 3 as it stands.

    `recipient` is empty where none was given yet. With `ask_lists` block and allow lists in DNS are asked about the
    peer now, as a node would; without, the trail says which were not asked.
    """

    peer: IPvAnyAddress
    recipient: str = Field("", max_length=320)
    sender: str = Field("", max_length=320)
    binding: str = Field("smtp", max_length=100)
    helo: str = Field("", max_length=255)
    identity: str = Field("", max_length=255)
    is_tls: bool = False
    certificate: str = Field("", pattern="^([0-9a-f]{64})?$")
    size_bytes: int = Field(0, ge=0)
    header: str = Field("", max_length=20_000)
    directory: Directory = Directory.ASK
    ask_lists: bool = False
    under: str = Field("", max_length=12)
    at: AwareDatetime | None = Field(None, ge=EARLIEST, le=LATEST)


class SentOnOut(Taken):
    """Whom a mail flow rule sends it to: `redirected` instead of the recipient, `added` besides."""

    what: str
    addresses: list[str]
    because: str


class ChangeOut(Taken):
    """One step from an address to others; `untold` members of a group more are only for administrators."""

    event: str
    address: str
    to: list[str]
    untold: int
    because: str


class NoteOut(Taken):
    """What there is to say of an address on the way."""

    address: str
    text: str


class ExplanationOut(Taken):
    """The answer; `trail` rows are kind, object id, name, answer, because.

    `action` is `untold` where it depends on who is in a group that hides its members: that is for administrators. So
    is whether `withheld_rules` fit, and what becomes of the addresses in `withheld`; `untold` counts members of such
    groups who get it too. `problems` are for whoever keeps the directory.
    """

    action: str
    stage: str
    reply: str | None
    reason: str
    is_deleted: bool
    is_waiting: bool
    is_without_recipient: bool
    sent_on: list[SentOnOut]
    held_by: str
    trail: list[list[str]]
    withheld_rules: list[str]
    changes: list[ChangeOut]
    refusals: list[dict[str, str]]
    problems: list[NoteOut]
    withheld: list[NoteOut]
    untold: int
    ways: list[dict[str, Any]]


@router.post("", response=ExplanationOut)
def ask(request: HttpRequest, said: Attempt) -> Any:
    """Step by step, under any revision or change."""
    ground = under(said.under)
    at: datetime = said.at or timezone.now()
    fields = said.model_dump(exclude={"peer", "directory", "ask_lists", "under", "at"})
    try:
        found = explain(
            Question(peer=str(said.peer), **fields),
            document=ground.document,
            revision=ground.revision,
            directory=said.directory,
            finds=recorded.directory(),
            owns=recorded.owners(),
            nodes=[one.name for one in known_nodes()],
            now=at,
            shows_hidden=user_has_role(actor_of(request), Role.ADMINISTRATOR),
            lists=ask_now if said.ask_lists else ask_nobody,
        )
    except InvalidAddress as problem:
        raise NotAnAddress(f"No mail address: {problem}.") from None
    return as_json(found)
