"""Patterns by the letters that they can't be without: quicker, and found wherever the machine alone finds them."""

from __future__ import annotations

from itertools import product

import pytest

from transport.rules.broad_patterns import Sought, could_fit
from transport.rules.broad_samples import MUCH, NAMES, SUBJECTS, addresses
from transport.rules.pattern_match import Pattern, Steps

OWN = frozenset(("contoso.com", "fabrikam.de", "info.example", "ops-1.contoso.com", "xn--nw-zja.example"))
FORMS = ("{0}", "<{0}>", '"{1}" <{0}>')
PATTERNS = (
    "@contoso\\.com$", "@CONTOSO\\.com", "@c[o]ntoso", "@c[ou]ntoso", "conto|fabri", "(conto|fabri)", "^info@", "info",
    "miller@fab", "miller\" <a", "a.miller", "(x|contoso\\.)com", "ops-1", "xn--", "[a-z]+@", ".*", "", "^$", "a?",
    "o{2}", "con(to)?so", "con(to)+so", "c(?:on)toso\\.com", "\\.", "@", "anna|@fabrikam\\.de", "(((info)))", "[^a]",
)  # fmt: skip


@pytest.mark.parametrize("text", PATTERNS)
def test_pattern__is_found_where_its_machine_finds_it(text):
    alone, steps = Pattern(text), Steps(10**9)
    sought, could = Sought(text, steps), could_fit([text], OWN, steps)
    for domain, form in product(OWN, FORMS):
        outside, ours = addresses(frozenset((domain,)), form)
        found = [alone.is_in(one, steps) for one in (*ours, *outside)]
        assert [sought.is_in(one) for one in (*ours, *outside)] == found
        assert domain in could or MUCH * sum(found[: len(ours)]) < len(ours)
    assert all(sought.is_in(one) == alone.is_in(one, steps) for one in (*SUBJECTS, *NAMES, ""))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["@contoso\\.com$"], {"contoso.com", "ops-1.contoso.com"}),
        (["^boss@.*example$"], set()),
        (["fabrikam|ops-1"], {"fabrikam.de", "ops-1.contoso.com"}),
        (["^boss@", "info"], {"info.example"}),
        (["info|sales|no-reply|bjones", "frank|olga|k4711|20817"], OWN),  # of the eighth part of people each
        (["[b-d]o[n]?"], OWN),
    ],
)
def test_could_fit__looks_at_the_domains_that_have_the_letters(patterns, expected):
    assert could_fit(patterns, OWN, Steps(10**6)) == expected
