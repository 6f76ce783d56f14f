"""Patterns: what they find is what Python's own would find, and no pattern and text take more than their steps."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.config import pattern_syntax
from transport.rules.pattern_match import Pattern, Steps, TooMuchWork, Words

ENOUGH = 1_000_000
_ATOMS = st.sampled_from(["a", "b", "c", ".", r"\d", r"\W", "[ab]", "[^a]", "[a-c1]", r"\.", "^", "$"])


def _repeated(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,1}", "{2,}"])
    return st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda options: f"(?:{'|'.join(options)})"),
        st.tuples(inner, signs).map(lambda pair: f"({pair[0]}){pair[1]}"),
    )


@given(st.recursive(_ATOMS, _repeated, max_leaves=12), st.text("abcAB1. -", max_size=12))
def test_pattern__anything_written__finds_what_python_finds(pattern: str, text: str):
    try:
        ours = Pattern(pattern)
    except ValueError as error:
        assert "too large" in str(error) or "repeats" in str(error)
        return
    assert ours.is_in(text, Steps(ENOUGH)) == (re.search(pattern.replace("$", r"\Z"), text, re.I | re.S) is not None)


@pytest.mark.parametrize(("text", "is_found"), [("", True), ("a", False)])
def test_pattern__begin_after_end__is_found_in_an_empty_text_only(text: str, is_found: bool):
    assert Pattern("$^").is_in(text, Steps(ENOUGH)) is is_found


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(a|a)*b", "(.*a){12}", "^(a?){20}a{20}$", "(x+x+)+y", ".*.*.*=.*"]
)
def test_pattern__one_that_breaks_other_engines__takes_steps_in_proportion_to_the_text(pattern: str):
    def used(length: int) -> int:
        steps = Steps(ENOUGH)
        Pattern(pattern).is_in("a" * length + "!", steps)
        return ENOUGH - steps.left

    assert used(8_000) < 2.5 * used(4_000) < 300_000


def test_pattern__text_with_ever_new_characters__remembers_no_more_than_it_may():
    pattern = Pattern("(.a){50}x")
    text = "".join(chr(1_000 + n) for n in range(6_000))
    with pytest.raises(TooMuchWork):
        pattern.is_in(text * 10, Steps(100_000))
    assert sum(len(one.then) for one in pattern._sets.values()) <= 2_001


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", "does not close"),
        ("a)", "did not open"),
        ("[a", "does not close"),
        ("*a", "repeats nothing"),
        ("a**", "repeats a repetition"),
        ("a+?", "repeats a repetition"),
        (r"(a)\1", "don't know"),
        ("(?=a)", "looks around"),
        ("(?P<n>a)", "looks around"),
        ("a{1000}", "more than 100"),
        ("((a{50}){50}){50}", "too large"),
        ("(" * 30 + "a" + ")" * 30, "deep"),
        ("a{x}", "number of times"),
        ("[z-a]", "ends before"),
        ("a\\", "backslash"),
        ("^*", "begin or the end"),
    ],
)
def test_parse__what_patterns_cannot_say__is_refused_in_words(pattern: str, said: str):
    with pytest.raises(ValueError, match=said):
        pattern_syntax.parse(pattern)


@given(st.text(max_size=20))
def test_quoted__any_text__finds_itself(text: str):
    assert Pattern(pattern_syntax.quoted(text)).is_in(f"x{text}y", Steps(ENOUGH))


@pytest.mark.parametrize(
    ("word", "text", "is_in"),
    [
        ("offer", "Special OFFER!", True),
        ("offer", "offers", False),
        ("ass", "class assess ass.", True),
        ("[ext]", "Re:[EXT]x", True),
        ("two words", "in two words", True),
        ("ß", "straße", False),
    ],
)
def test_words__in_a_text__are_found_whole_and_in_any_case(word: str, text: str, is_in: bool):
    assert bool(Words((word,)).find(text)) is is_in
