"""What notifications say, word for word.

MAILCONSOLE_GOLDEN=1 writes the golden files anew.
"""

import os
import re
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.transport.rules.dsn_kit import compose, message, parsed, told
from transport.config import dsn_languages
from transport.config.document import MailFlow
from transport.config.dsn_words import languages
from transport.config.objects import Organization
from transport.model.address import Address
from transport.rules import dsn, dsn_parts
from transport.rules.dsn import DsnKind, DsnSettings

GOLDEN = Path(__file__).parent / "golden"
STATUS_OF = {DsnKind.FAILED: "5.1.1", DsnKind.DELAYED: "4.4.1", DsnKind.RELAYED: "2.0.0", DsnKind.DELIVERED: "2.1.5"}


def in_german(kind):
    return compose(kind, language="de", recipients=[told(status=STATUS_OF[kind])])


CASES: dict[str, Callable[[], bytes]] = {
    "failed": lambda: compose(),
    "failed-headers-only": lambda: compose(ret="HDRS", envid="QQ314159"),
    "expired": lambda: compose(
        recipients=[
            told(
                status="4.4.7",
                reply="",
                reason="The message was in the queue for longer than messages may be; delivery was given up.",
                remote="",
            ),
            told(final=Address("eve", "partner.example"), original=Address("list", "acme.example"), status="5.7.1"),
        ]
    ),
    "delayed": lambda: compose(
        DsnKind.DELAYED, recipients=[told(status="4.4.1", reply="421 4.3.2 too busy\ntry later", remote="")]
    ),
    "relayed": lambda: compose(DsnKind.RELAYED, recipients=[told(status="2.0.0", reply="250 2.0.0 Ok: queued")]),
    "delivered": lambda: compose(DsnKind.DELIVERED, recipients=[told(status="2.1.5", reply="250 2.1.5 delivered")]),
    **{f"{kind.value}-de": partial(in_german, kind) for kind in DsnKind},
    "expired-de": lambda: compose(language="de", recipients=[told(status="4.4.7", reply="", remote="")]),
    "eight-bit": lambda: compose(original="Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n".encode("latin-1")),
    "eight-bit-header": lambda: compose(ret="HDRS", original="Subject: Gr\u00fc\u00dfe\r\n\r\nx\r\n".encode("latin-1")),
    "requires-tls": lambda: compose(requires_tls=True, recipients=[told(status="5.7.30", reply="")]),
    "international": lambda: compose(
        recipients=[told(final=Address("günter", "bücher.example"), original=Address("günter", "bücher.example"))],
        subject="Grüße aus Köln, und dann noch viel mehr Text, damit es umbrochen werden muss",
        original="Subject: Grüße\r\n\r\nText\r\n".encode(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name):
    octets, path = CASES[name](), GOLDEN / f"dsn-{name}.eml"
    if os.environ.get("MAILCONSOLE_GOLDEN"):
        path.write_bytes(octets)
    assert octets == path.read_bytes()
    assert parsed(octets).get_content_type() == "multipart/report"


@pytest.mark.parametrize("tag", languages())
def test_language__says_as_much_as_english(tag):
    words, english = languages()[tag], languages()["en"]
    for field in fields(words):
        said, meant = getattr(words, field.name), getattr(english, field.name)
        if isinstance(meant, dict):
            assert said.keys() == meant.keys() and all(vars_of(text) for text in said.values())
        elif isinstance(meant, str):
            assert said and re.findall(r"\{\w+\}", said) == re.findall(r"\{\w+\}", meant)
    assert words.sender.isascii()  # it stands in From, as it is


def vars_of(text):
    return text if isinstance(text, str) else text.cause and text.remedy


def test_language__another_one_is_one_file(tmp_path, monkeypatch):
    source = Path(dsn_languages.__path__[0], "de.py").read_text()
    (tmp_path / "nl.py").write_text(source.replace('"Unzustellbar"', '"Onbestelbaar"'))
    with monkeypatch.context() as patched:
        patched.setattr(dsn_languages, "__path__", [*dsn_languages.__path__, str(tmp_path)])
        languages.cache_clear()
        document = MailFlow(organization=Organization(dsn_language="nl"))
        assert dsn.subject(DsnKind.FAILED, message(), DsnSettings.of(document, "h")) == "Onbestelbaar: Scan 17"
    languages.cache_clear()
    with pytest.raises(ValidationError, match=r"no words for 'nl'; there are for de \(Deutsch\), en \(English\)"):
        Organization(dsn_language="nl")


@pytest.mark.parametrize("name", ["international", "eight-bit-header", "failed-de"])
def test_text_beyond_ascii__travels_in_seven_bits(name):
    octets = CASES[name]()
    _, _, after_header = octets.partition(b"\r\n\r\n")
    assert after_header.isascii() and b"quoted-printable" in after_header


def test_eight_bit_content__goes_back_as_it_is_or_not_at_all():
    octets = CASES["eight-bit"]()
    assert "Grüße".encode("latin-1") in octets
    short = dsn_parts.without_content(octets)
    assert short.isascii() and b"Subject: x" in short and len(list(parsed(short).iter_parts())) == 3
    assert dsn_parts.without_content(short) == short


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("5.1.1",), "needs a status and a text"),
        (("2.0.0 Fine",), "needs a status and a text"),
        (("unknown Ask us",), "needs a status and a text"),
        (("5.1.1 One", "5.1.1 Two"), "5.1.1 is there twice"),
        ((f"5.1.1 {'x' * 501}",), "more than 500"),
        (("5.1.1 a\r\nBcc: b",), "control"),
    ],
)
def test_system_messages__that_are_none__are_refused(given, problem):
    with pytest.raises(ValidationError, match=problem):
        Organization(system_messages=given)
