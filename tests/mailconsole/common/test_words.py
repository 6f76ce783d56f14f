from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from mailconsole.common.templatetags import kit, words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("octets", "says"),
    [(None, "–"), (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (3_355_443, "3.2 MB"), (200 * 1024**2, "200 MB")],  # noqa: RUF001
)
def test_size__octets__in_the_unit_people_read(octets, says):
    assert words.size(octets) == says


@pytest.mark.parametrize(
    ("span", "says"),
    [(0, "0 s"), (0.25, "250 ms"), (59, "59 s"), (17_520, "4 h 52 min"), (timedelta(days=2, hours=3), "2 d 3 h")],
)
def test_duration__seconds_or_span__in_two_units(span, says):
    assert words.duration(span) == says


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0, "now"), (5, "5 s ago"), (125, "2 min ago"), (-7260, "in 2 h 1 min"), (200_000, "2 d ago")],
)
def test_relative__distance__in_words(seconds, says):
    assert words.relative_words(NOW - timedelta(seconds=seconds), NOW) == says


def test_wire__control_bidi_and_invisible__become_visible_marks():
    assert words.wire("a\u202egpj.exe\r\nB\u200bC\x00") == "a\ufffdgpj.exe\ufffd\ufffdB\ufffdC\ufffd"


def test_wire__markup__is_escaped_on_the_page():
    page = Template("{{ text|wire }}").render(Context({"text": "<script>alert(1)</script>"}))
    assert page == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_ago__a_time__has_the_exact_ones_on_hover(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    from django.utils import timezone

    with timezone.override("Europe/Berlin"):
        said = str(words.ago(NOW))
    assert 'title="2026-03-01 13:00:00 CET · 2026-03-01 12:00:00 UTC"' in said
    assert "data-ago" in said


def test_status__a_tone_that_is_none__refuses():
    with pytest.raises(ValueError, match="green"):
        kit.status("green", "Active")


def test_status__hostile_word__is_escaped():
    assert "<b>" not in str(kit.status("good", "<b>"))


def test_copy__hostile_text__stays_in_its_attribute():
    assert '" onclick="' not in str(kit.copy('" onclick="alert(1)'))


def test_sparkline__flat__is_a_line_and_one_value_is_nothing():
    assert "polyline" in str(kit.sparkline([3, 3, 3]))
    assert str(kit.sparkline([3])) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "Send connector *Internet* is new: mail for * at cost 1",
            "Send connector <em>Internet</em> is new: mail for * at cost 1",
        ),
        ("*<b>x</b>* and *.a.example,*.b.example", "<em>&lt;b&gt;x&lt;/b&gt;</em> and *.a.example,*.b.example"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_marked__names_between_asterisks__are_emphasised_and_all_is_escaped(text, says):
    assert str(words.marked(text)) == says


@pytest.mark.parametrize(
    ("count", "things", "says"),
    [(1, "entries", "1 entry"), (1, "addresses", "1 address"), (1, "runs", "1 run"), (1284, "rows", "1,284 rows")],
)
def test_counted__one_or_many__says_what_in_its_number(count, things, says):
    assert words.counted(count, things) == says
