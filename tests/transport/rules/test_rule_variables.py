"""Texts to recipients: what stands between %% becomes what the message says, and nothing that it says breaks out."""

from tests.transport.rules.dsn_kit import NOW, SETTINGS, message
from tests.transport.rules.mail_flow_kit import CONTENT, facts
from transport.model.address import Address
from transport.model.ruled import Notice, Told
from transport.rules import rule_notice
from transport.rules.rule_variables import MAX_HEADER, MAX_VALUE, filled


def test_filled__each_variable__is_what_the_message_says():
    about = facts(b"Cc: c@d.com\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n" + CONTENT)
    text = "%%From%%|%%To%%|%%CC%%|%%subject%%|%%MessageDate%%|%%Else%%"
    assert filled(text, about) == (
        "Anna <anna@contoso.com>|bob@fabrikam.com, x@y.com|c@d.com|Your Invoice 4711|"
        "Fri, 27 Nov 2026 10:00:00 +0000|%%Else%%"
    )
    assert filled("%%Headers%%", about).splitlines()[:2] == ["Cc: c@d.com", "Date: Fri, 27 Nov 2026 10:00:00 +0000"]


def test_filled__what_is_not_there_or_not_recorded__is_nothing():
    assert filled("<%%Cc%%>", facts()) == "<>"
    assert filled("<%%From%% %%Headers%%>", facts(content=None)) == "< >"


def test_filled__hostile_words__are_not_read_again_and_bounded():
    subject = b"Subject: %%Headers%%\xe2\x80\xae" + b"x" * 2000 + b"\r\n"
    said = filled("%%Subject%%", facts(subject + b"X-Long: " + b"y" * 50_000 + b"\r\n\r\n"))
    assert said.startswith("%%Headers%%x") and len(said) == MAX_VALUE + 1
    whole = filled("%%Headers%%", facts(subject + b"X-Long: " + b"y" * 50_000 + b"\r\n\r\n"))
    assert len(whole) <= MAX_HEADER + 2 and "\u202e" not in whole


def test_compose__to_recipients__has_short_lines_and_tells_nobody_who_else_gets_it():
    to = (Address("a", "b.example"), Address("hidden", "b.example"))
    notice = Notice("R\r\nX: y", "one\n\n.\n" + "Z" * 3000 + " " + "w " * 999, to, Told.RECIPIENTS)
    octets = rule_notice.compose_to_recipients(message(), notice, SETTINGS, queue_id="1", now=NOW)
    head, _, body = octets.partition(b"\r\n\r\n")
    assert b"To: undisclosed-recipients:;" in head.split(b"\r\n") and b"hidden" not in octets and b"X: y" not in octets
    assert body.startswith(b"one\r\n\r\n.\r\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 998  # RFC 5322 2.1.1
