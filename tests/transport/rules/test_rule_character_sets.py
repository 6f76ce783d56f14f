"""The condition about the character sets that parts of a message say of themselves."""

import pytest

from tests.transport.rules.mail_flow_kit import HEADER, NO, UNKNOWN, YES, condition, decide, facts, rule
from tests.transport.rules.test_rule_mime import attached, message
from transport.rules.rule_mime import MAX_CHARACTER_SETS, attachments

ASKED = condition("ContentCharacterSetContainsWords", "iso-2022-jp", "KOI8-R")


def answer(content: bytes | None, asked: dict = ASKED, **more):
    return decide(rule(conditions=[asked], **more), about=facts(content)).trail[0]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Content-Type: text/plain; charset=koi8-r", YES),
        ('Content-Type: text/html; format=flowed;\n charset="ISO-2022-JP"', YES),
        ("Content-Type: text/plain; CHARSET=koi8-r (Cyrillic)", YES),
        ("Content-Type: text/plain; charset*=us-ascii'en'koi8-r", YES),
        ("Content-Type: text/plain; charset*0=koi; charset*1=8-r", YES),
        ("Content-Type: text/plain; charset=utf-8; charset=koi8-r", YES),
        ("Content-Type: text/plain; charset=koi8-ru", NO),
        ("Content-Type: text/plain; name=koi8-r", NO),
        ("Content-Type: text/plain", NO),
        ("X-A: charset=koi8-r", NO),
    ],
)
def test_character_set__of_the_message_or_a_part__is_found_as_a_word(header: str, expected):
    assert answer(attached(header)).answer is expected
    assert answer(HEADER + header.replace("\n", "\r\n").encode() + b"\r\n\r\nx\r\n").answer is expected
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + header.replace("\n", "\r\n").encode() + b"\r\n\r\nx"
    assert answer(message(forwarded)).answer is expected


def test_character_set__of_an_exception__leaves_the_message_alone():
    content = attached("Content-Type: text/plain; charset=koi8-r")
    asking = rule(exceptions=[ASKED])
    assert decide(asking, about=facts(content)).trail[0].answer is NO
    assert decide(asking, about=facts(attached("Content-Type: text/plain; charset=utf-8"))).trail[0].answer is YES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (message(*[b"\r\nx"] * 600), "more than 500 parts"),
        (None, "parts were not recorded"),
        (attached("Content-Type: text/plain" + "".join(f"; charset*{n}=k" for n in range(60))), "more than 50 pieces"),
    ],
)
def test_character_set__parts_that_cannot_all_be_read__cannot_be_told(content: bytes | None, said: str):
    found = answer(content)
    assert found.answer is UNKNOWN and said in found.because


def test_character_sets__more_than_are_compared__are_told():
    said = "".join(f"; charset=c{number}" for number in range(MAX_CHARACTER_SETS + 1))
    looked = attachments(attached(f"Content-Type: text/plain{said}"))
    assert len(looked.character_sets) == MAX_CHARACTER_SETS
    assert "more than 100 character sets" in looked.why_not_all
    assert not attachments(attached(f"Content-Type: text/plain{said.rpartition(';')[0]}")).why_not_all
