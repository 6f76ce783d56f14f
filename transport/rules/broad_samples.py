"""Texts as mail has them, by which it is measured how much of it words and patterns fit. Nothing is decided here.

Each sample is mixed so that a fourth of it says *much*: letters, languages, figures and ways of writing differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from transport.rules.broad_domains import Own

Sample = tuple[str, ...]
MUCH = 4
"""The part of a sample, one in so many, that says *much*."""
PEOPLE = (
    "anna.miller", "bjones", "carlos.ruiz", "d.weber", "emily.chan", "frank", "g.rossi", "hans.meier", "i.novak",
    "julia_santos", "k.larsen", "l.dubois", "maria.garcia", "nguyen.t", "olga", "p.smith", "q.li", "robert.brown",
    "s.kumar", "t.yamada", "u.schulz", "v.popescu", "wang.wei", "x.zhou", "yusuf", "z.nagy", "info", "sales",
    "no-reply", "k4711", "20817",
)  # fmt: skip
_OUTSIDE = (
    "wv.zz", "kx.dk", "gmail.com", "firma.de", "acme.co.uk", "univ.edu", "zq7.net", "mail.ville.fr", "outlook.com",
    "b2b.example", "posta.it", "stad.nl", "news.shop.io",
)  # fmt: skip
SUBJECTS = (
    "Re: Meeting on Tuesday", "Your order 4711 has been shipped", "RE: RE: Budget draft", "Invoice 2026-0817",
    "lunch?", "AW: Angebot für Herrn Weber", "Fwd: photos", "Weekly report KW 17", "Rappel : réunion du 12 mars",
    "[dev] Build #982 failed", "URGENT", "Automatic reply: out of office", "Confirm your e-mail address",
    "Подтверждение заказа", "请查收附件", "Newsletter — spring sale, 20% off", "WG: Protokoll", "hi", "Contract signed",
    "Undeliverable: test", "Ticket 55120 was closed", "Scan from MFP-3", "Happy birthday!", "Question about the offer",
)  # fmt: skip
FILES = (
    "image001.png", "Invoice_4711.pdf", "report.docx", "budget 2026.xlsx", "scan0017.pdf", "photo.jpg", "logo.gif",
    "Angebot.pdf", "invite.ics", "notes.txt", "slides.pptx", "data.csv", "archive.zip", "smime.p7s", "vertrag.doc",
    "IMG_2201.JPG", "message.eml", "plan.dwg", "Rechnung-55120.pdf", "list.xls",
)  # fmt: skip
CHARACTER_SETS = (
    *("utf-8",) * 5, *("us-ascii",) * 3, "iso-8859-1", "windows-1252", "iso-2022-jp", "koi8-r",
)  # fmt: skip
_NUMBERS = ("4711", "+49 30 901820", "10115", "(425) 555-0100", "98052", "007", "K-17", "2.0")
_WORDS = ("Sales", "Human Resources", "Head of IT", "Berlin", "Wv Kx", "Zürich", "Board", "Legal", "Paris", "Yes")
_TYPES = (
    'multipart/alternative; boundary="zq7x"', "text/plain; charset=utf-8", 'text/html; charset="UTF-8"',
    'multipart/mixed; boundary="_17"', "text/plain; charset=us-ascii",
    'multipart/related; boundary="k-1"; type="text/html"',
    'multipart/signed; boundary="s"', "multipart/report; boundary=r",
)  # fmt: skip
_ENCODINGS = ("7bit", "8bit", "quoted-printable", "base64")
_SIGNATURES = (
    "v=1; a=rsa-sha256; c=relaxed/relaxed; d=wv.zz; s=k1; h=from:to:subject:date; bh=Zq7=; b=x17A+/==",
    "v=1; a=rsa-sha256; c=relaxed/simple; q=dns/txt; d=kx.dk; s=mail; t=1767700000; h=Date:From; bh=q/=; b=Bc==",
)
_FORMS = ("{0}", "<{0}>", '"{1}" <{0}>')
"""How a header writes addresses and message ids; a form holds the address and the name."""


def addresses(own: Own, form: str = "{0}") -> Iterator[Sample]:
    """Those outside, and those of each domain of ours."""
    for domains in (_OUTSIDE, *((one,) for one in sorted(own))):
        pairs = zip(PEOPLE, cycle(domains), strict=False)
        yield tuple(form.format(f"{person}@{domain}", _name(person)) for person, domain in pairs)


def attribute(name: str, own: Own) -> Iterator[Sample]:
    """What people have of it in a directory."""
    yield from (NAMES, PEOPLE, _NUMBERS, _WORDS)
    if name in ("Email", "UserLogonName", "Manager"):
        yield from addresses(own)


def header(field: str, own: Own) -> Iterator[Sample]:
    """What the field holds; one that is not known here may hold anything."""
    known = {"subject": SUBJECTS, "content-type": _TYPES, "content-transfer-encoding": _ENCODINGS}.get(field.lower())
    if known is not None:
        yield known
        return
    for form in _FORMS:
        yield from addresses(own, form)
    yield from (SUBJECTS, _NUMBERS, _WORDS, _TYPES, _SIGNATURES)


def _name(person: str) -> str:
    return person.replace(".", " ").replace("_", " ").title()


NAMES = tuple(map(_name, PEOPLE))
