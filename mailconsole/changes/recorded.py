"""What a change needs to know of the past, as protocols: tracking and the directory plug themselves in."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.db.models import Model, QuerySet

from transport.model.verdict import Stage
from transport.rules import disclosure
from transport.rules.admission import LookupUnavailable, RecipientEntry

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One attempt of the past: a refused command, or one recipient of an accepted message.

    Texts came over a wire. ``binding`` may be empty where only the connector was kept; ``tls`` is empty for none;
    ``recipient`` is empty where none was given yet; ``subject`` is None where none was kept; ``trail`` holds the rows
    of the steps, or their JSON; ``certificate`` is the fingerprint of a client certificate that verified, its subject
    empty where that was not kept.
    """

    at: datetime
    peer: str
    connector_id: str
    sender: str
    recipient: str
    binding: str = ""
    helo: str = ""
    identity: str = ""
    tls: str = ""
    size_bytes: int = 0
    reply: str = ""
    subject: str | None = None
    trail: str | Sequence[Sequence[Any]] = ()
    certificate: str = ""
    certificate_subject: str = ""

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """The steps of the trail; none where they can't be read."""
        if not isinstance(self.trail, str):
            return self.trail
        try:
            found = json.loads(self.trail)
        except ValueError:
            return ()
        return [row for row in found if isinstance(row, list)] if isinstance(found, list) else ()


@dataclass(frozen=True, slots=True)
class RecordedRefusal:
    """What a peer was told, when, at which stage, and why; ``url`` is its page. Texts may have come over a wire."""

    peer: str
    sender: str
    recipient: str
    at: datetime
    stage: Stage
    reply: str
    reason: str
    url: str


@dataclass(frozen=True, slots=True)
class LastUse:
    """The newest message of a user who signed in; `helo` came over a wire."""

    at: datetime
    peer: str
    helo: str


@dataclass(frozen=True, slots=True)
class Use:
    """How often an object of the configuration decided, in the last 30 days and since counting began; when last."""

    recent: int
    total: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectUses:
    """By object id; what is not there never decided ``since`` counting began, None where nothing was counted yet."""

    since: datetime | None
    by_id: dict[str, Use]


class UseSource(Protocol):
    """Gives the uses of some objects of a section; None asks for all of it."""

    def __call__(self, section: str, object_ids: Collection[str] | None, *, now: datetime) -> ObjectUses: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """Attempts of the past; ``expected`` foretells how many; ``how`` says in a sentence which were taken."""

    decisions: Iterable[RecordedDecision]
    expected: int
    how: str


class DecisionSource(Protocol):
    """Gives a sample of what was decided in a window of time, at most ``limit`` decisions."""

    def __call__(self, *, since: datetime, until: datetime, limit: int) -> Sample: ...


Finds = Callable[[str], RecipientEntry | None]
"""The directory's entry for an address. Raises LookupUnavailable."""


Owns = Callable[[str], tuple[str, ...]]
"""The addresses of a directory's user by the name that nodes know them under; none where nobody can tell."""


Hides = Callable[[Collection[str]], frozenset[str]]


class MailSeen(Protocol):
    """What of accepted mail is still kept, by the address that it was sent to."""

    def began_at(self) -> datetime | None:
        """When the oldest message that is kept came in; None where none is."""
        ...

    def without_mail(self, rows: QuerySet[Row], *, key: str, since: datetime) -> QuerySet[Row]:
        """Those of ``rows`` to whose address, in lower case in the column ``key``, no mail came since then."""
        ...


_plugged: dict[str, Any] = {}


def register_decisions(source: DecisionSource) -> None:
    """Plug in where recorded decisions come from; called in `AppConfig.ready`."""
    _plugged["decisions"] = source


def register_directory(open_directory: Callable[[], Finds]) -> None:
    """Plug in the directory, opened anew for each impact; called in `AppConfig.ready`."""
    _plugged["directory"] = open_directory


def register_owners(open_owners: Callable[[], Owns]) -> None:
    """Plug in whose addresses are whose, opened anew for each impact; called in `AppConfig.ready`."""
    _plugged["owners"] = open_owners


def register_last_use(find: Callable[[str], LastUse | None]) -> None:
    """Plug in where a user's newest message is found; called in `AppConfig.ready`."""
    _plugged["last_use"] = find


def last_use(identity: str) -> LastUse | None:
    """The newest message that the user signed in for, None where none is kept."""
    find: Callable[[str], LastUse | None] | None = _plugged.get("last_use")
    return find(identity) if find is not None else None


def register_refusals(find: Callable[[int], RecordedRefusal | None]) -> None:
    """Plug in where a refusal is found by its key; called in `AppConfig.ready`."""
    _plugged["refusals"] = find


def refusal(key: int) -> RecordedRefusal | None:
    """None where it is not kept any more."""
    find: Callable[[int], RecordedRefusal | None] | None = _plugged.get("refusals")
    return find(key) if find is not None else None


def register_uses(source: UseSource) -> None:
    """Plug in what counts how often objects decide; called in `AppConfig.ready`."""
    _plugged["uses"] = source


def uses(section: str, object_ids: Collection[str] | None, *, now: datetime) -> ObjectUses:
    """Of these objects of a section, None for all of it; nothing where nobody counts."""
    source: UseSource | None = _plugged.get("uses")
    return source(section, object_ids, now=now) if source is not None else ObjectUses(None, {})


def register_mail_seen(seen: MailSeen) -> None:
    """Plug in where the addresses of accepted mail are known; called in `AppConfig.ready`."""
    _plugged["mail_seen"] = seen


def register_hiding(hides: Hides) -> None:
    """Plug in which groups hide their members; called in `AppConfig.ready`."""
    _plugged["hiding"] = hides


def hiding(keys: Collection[str]) -> frozenset[str]:
    """Those of these addresses, in lower case, whose members are for administrators only."""
    found: Hides | None = _plugged.get("hiding")
    return found(keys) if found is not None and keys else frozenset()


def discreet(finds: Finds) -> Finds:
    """The directory for people who must not know the members of groups that hide them."""
    return disclosure.discreet(finds, hiding)


def mail_seen() -> MailSeen | None:
    found: MailSeen | None = _plugged.get("mail_seen")
    return found


def decisions() -> DecisionSource | None:
    found: DecisionSource | None = _plugged.get("decisions")
    return found


def directory() -> Finds:
    """The directory of this moment; one that cannot tell where none is plugged in."""
    found: Callable[[], Finds] | None = _plugged.get("directory")
    return found() if found is not None else _no_directory


def owners() -> Owns:
    """Whose addresses are whose at this moment."""
    found: Callable[[], Owns] | None = _plugged.get("owners")
    return found() if found is not None else owns_what_it_says


def owns_what_it_says(identity: str) -> tuple[str, ...]:
    """Nobody can tell."""
    return ()


def _no_directory(address: str) -> RecipientEntry | None:
    raise LookupUnavailable("no directory has been synchronised yet")
