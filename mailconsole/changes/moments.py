"""Times that people name: local to the console where they are typed into a page, and never beyond what can be shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from mailconsole.changes.refusals import BadTime

FARTHEST = timedelta(days=3653)


def refuse_far(at: datetime, *, now: datetime) -> None:
    """Raises BadTime where nobody now could answer for it."""
    if at - now > FARTHEST:
        raise BadTime("That is more than ten years away: name an earlier time.")


def typed_moment(text: str) -> datetime:
    """Raises BadTime."""
    moment = typed_moment_or_none(text)
    if moment is None:
        raise BadTime("Say when: the field is empty.")
    return moment


def typed_moment_or_none(text: str) -> datetime | None:
    """None for nothing. Raises BadTime."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo is not None else _here(moment)
    except (ValueError, OverflowError):
        raise BadTime(f"“{text[:40]}” is no time; write for example 2026-12-24 22:00.") from None


def _here(moment: datetime) -> datetime:
    """In the console's time zone; of two that are called alike when clocks are put back, the first. Raises BadTime."""
    zone = timezone.get_current_timezone()
    found = moment.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        raise BadTime(f"{moment:%Y-%m-%d %H:%M} is never in {zone}: clocks are put forward then. Name another time.")
    return found
