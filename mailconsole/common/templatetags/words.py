"""Filters that turn values into words: times, sizes, durations, figures, hostile text."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

register = template.Library()

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NAME = re.compile(r"\*([^*\s.](?:[^*]*[^*\s])?)\*")
_SIZES = ("B", "KB", "MB", "GB", "TB")
_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@register.filter
def wire(value: object) -> str:
    """Text that came over a wire: control, bidirectional and invisible characters become a visible mark."""
    text = "" if value is None else str(value)
    if text.isprintable():  # nearly all is, and a page shows a lot of it
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _UNSEEN else char for char in text)


@register.filter
def marked(text: object) -> SafeString:
    """Our own words about things whose names stand between asterisks: the names become emphasised."""
    return SafeString(_NAME.sub(r"<em>\1</em>", escape(wire(text))))


@register.filter
def lines(text: object) -> list[str]:
    """Text of several lines, one by one."""
    return str(text).splitlines()


@register.filter
def figure(value: float | int | None) -> str:
    """A count with thin groups of thousands; a dash where there is none."""
    return "–" if value is None else f"{value:,}"  # noqa: RUF001


@register.filter
def counted(count: int, things: str) -> str:
    """`1 entry`, `1,284 entries`: things are named in the plural."""
    return f"{count:,} {_single(things) if count == 1 else things}"


def _single(things: str) -> str:
    for ending, single in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if things.endswith(ending):
            return things.removesuffix(ending) + single
    return things


@register.filter
def size(octets: int | None) -> str:
    """Octets in the largest unit that keeps the figure at one or more; 1 KB is 1024 octets."""
    if octets is None:
        return "–"  # noqa: RUF001
    amount, unit = float(octets), _SIZES[0]
    for unit in _SIZES:
        if amount < 1024 or unit == _SIZES[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


@register.filter
def duration(span: timedelta | float | int | None) -> str:
    """A span in its two largest units: 4 h 52 min; below a second in milliseconds. Numbers are seconds."""
    if span is None:
        return "–"  # noqa: RUF001
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    rest, words = int(abs(seconds)), list[str]()
    for length, unit in _STEPS:
        count, rest = divmod(rest, length)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """A time relative to now, with the exact local and UTC time on hover; a script keeps it current."""
    if at is None:
        return "never"
    return _time(at, relative_words(at, timezone.now()), is_relative=True)


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """An exact local time, with UTC on hover: for timelines and tables of record."""
    if at is None:
        return "–"  # noqa: RUF001
    return _time(at, f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}", is_relative=False)


@register.filter
def sentence(value: object) -> str:
    """The sentence of an enum value."""
    return getattr(value, "sentence", "")


def relative_words(at: datetime, now: datetime) -> str:
    """Pure: `3 min ago`, `in 2 h 10 min`, `now`."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    words = duration(_rounded(int(abs(seconds))))
    return f"{words} ago" if seconds > 0 else f"in {words}"


def _rounded(seconds: int) -> int:
    """What matters at this distance: seconds for a minute, minutes for a day, then days."""
    step = 1 if seconds < 60 else 60 if seconds < 86400 else 86400
    return seconds - seconds % step


def _time(at: datetime, words: str, *, is_relative: bool) -> SafeString:
    local, utc = timezone.localtime(at), at.astimezone(UTC)
    shown = f"{local:%Y-%m-%d %H:%M:%S}"
    return format_html(
        '<time datetime="{}" title="{} · {} UTC"{}>{}</time>',
        utc.isoformat(timespec="seconds"),
        f"{shown} {local:%Z}",
        f"{utc:%Y-%m-%d %H:%M:%S}",
        format_html(' data-ago data-exact="{}"', shown) if is_relative else "",
        words,
    )
