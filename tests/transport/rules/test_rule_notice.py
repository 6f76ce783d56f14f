"""What mail flow rules tell by mail: hostile text of the message can't break out of a report."""

from tests.transport.rules.dsn_kit import NOW, SETTINGS, message
from transport.model.ruled import Notice
from transport.rules import rule_notice


def test_report__hostile_words_of_the_message__stay_on_their_lines():
    about = message(subject="a\r\nBcc: x@y.example\u202e", helo="evil\r\n\r\nbody", internet_message_id="<1>\r\nX: y")
    notice = Notice("R\r\nTo: z@z.example", "It fits: " + "x" * 2000, ("audit@acme.example",))
    octets = rule_notice.compose_report(about, notice, SETTINGS, queue_id="1", now=NOW)
    head, _, body = octets.partition(b"\r\n\r\n")
    assert [line for line in head.split(b"\r\n") if line.startswith((b"Bcc", b"X:"))] == []
    assert head.count(b"\r\nTo: ") == 1
    assert b"\xe2\x80\xae" not in octets  # bidi control
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert b"Client: 192.0.2.7 evil body" in body
