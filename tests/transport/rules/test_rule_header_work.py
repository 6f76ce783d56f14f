"""How little is done of a header that a stranger has made long: each thing once, and nothing again from each octet."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.rules.mail_flow_kit import condition, decide, rule
from transport.model.address import Address
from transport.rules import address_list, message_types, pattern_match, patterns, rule_header
from transport.rules.criteria import headers as criteria
from transport.rules.pattern_match import FEW, Steps, TooMuchWork, Words, words_of
from transport.rules.priority import priority
from transport.rules.rule_facts import MAX_STEPS
from transport.rules.rule_header import MAX_ADDRESSES, MAX_SENDER_OCTETS, MAX_SHOWN, MAX_TEXT, HeaderFields


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    done: Counter[str] = Counter()
    for module, name in ((address_list, "parse"), (rule_header, "_read")):
        monkeypatch.setattr(module, name, _counted(getattr(module, name), name, done))
    return done


def _counted(real, name, done):
    def call(*given, **named):
        done[name] += 1
        return real(*given, **named)

    return call


def test_groups__are_looked_for_only_where_a_name_may_begin():
    assert address_list._GROUP.match("abc:d;", 0) is not None
    assert address_list._GROUP.match("abc:d;", 1) is None
    assert address_list._GROUP.match("a,bc:d;", 2) is not None
    found = address_list.parse("Team: a@x.example, b@x.example; c@x.example", are_groups_allowed=True)
    assert [one.local_part for one in found] == ["a", "b", "c"]


@pytest.mark.parametrize(("name", "count"), [("To", MAX_ADDRESSES), ("From", MAX_SENDER_OCTETS // 7)])
def test_addresses__more_than_are_read__cannot_be_told_and_are_not_parsed(calls, name, count):
    few = HeaderFields(f"{name}: {', '.join(['a@b.c'] * count)}\r\n".encode())
    assert len(few.addresses(name) or ()) == count
    calls.clear()
    many = HeaderFields(f"{name}: {', '.join(['a@b.c'] * (count + 2))}\r\n".encode())
    assert (many.addresses(name), calls["parse"]) == (None, 0)


def test_rules__that_change_other_fields_in_turn__do_not_have_it_read_again(calls):
    fields = HeaderFields(b"To: a@b.c\r\nSubject: x\r\n")
    for number in range(30):
        fields.set("X-Seen", str(number))
        fields.remove("X-None")
        assert fields.texts("X-Seen") == [str(number)]
        assert [str(one) for one in fields.addresses("TO") or ()] == ["a@b.c"]
    assert calls["parse"] == 1
    fields.add_address("To", Address("d", "b.c"))
    assert [str(one) for one in fields.addresses("To") or ()] == ["a@b.c", "d@b.c"]


def test_addresses__many_added__the_field_is_read_once(calls):
    fields = HeaderFields(b"To: a@b.c\r\nTo: z@b.c\r\n")
    for number in range(30):
        fields.add_address("To", *(Address(f"n{number}x{each}", "b.c") for each in range(3)), Address("A", "b.c"))
    named = [str(one) for one in fields.addresses("To") or ()]
    assert (len(named), calls["parse"]) == (92, 2)
    assert set(named) == {str(one) for one in HeaderFields(bytes(fields)).addresses("To") or ()}


def test_domain_of_many_labels__is_compared_with_no_more_than_patterns_have(monkeypatch):
    asked: list[str] = []
    real = patterns.parent_domains

    def counted(domain: str) -> list[str]:
        asked.append(domain)
        return real(domain)

    monkeypatch.setattr(patterns, "parent_domains", counted)
    named = patterns.AddressPatterns(("*.b.example", "*.net"))
    deep = ".".join("a" * 120)
    found = [named.match(Address("x", end)) for end in (f"{deep}.b.example", f"{deep}.example", "net", "b.example")]
    assert found == [True, False, True, True]
    assert max(one.count(".") for one in asked) <= 1


def test_long_field__is_measured_once_until_it_changes(calls):
    fields = HeaderFields(b"Subject: " + b"=?utf-8?q?abc?= " * MAX_TEXT + b"\r\n")
    fields = HeaderFields(bytes(fields)[: MAX_TEXT * 2] + b"\r\n")
    cut = [fields.is_cut(name) for name in ("Subject", "subject", "SUBJECT")]
    assert (cut, calls["_read"]) == ([False] * 3, 1)
    fields.set("Subject", "x" * (MAX_TEXT + 1))
    assert fields.is_cut("Subject")


def test_prepend__thousands_of_subjects__changes_the_first_and_the_last():
    fields = HeaderFields(b"Subject: a\r\n" * 3_000)
    fields.prepend_subject("[E]")
    said = [value == b"[E] a" for value in fields.raw("Subject")]
    assert said == [True] * MAX_SHOWN + [False] * (3_000 - 2 * MAX_SHOWN) + [True] * MAX_SHOWN
    again = HeaderFields(bytes(fields))
    again.prepend_subject("[E]")
    assert not again.is_changed


_CHANGE = st.tuples(st.sampled_from(["set", "remove", "prepend", "add"]), st.sampled_from(["A", "To", "Subject"]))


@given(st.lists(st.sampled_from([b"a: 1", b"To: x@y.z", b"A:2", b"subject: s", b" fold", b"no field", b"", b"to:"])),
       st.lists(_CHANGE, max_size=5))  # fmt: skip
def test_fields__by_name__are_those_that_its_octets_have_after_any_changes(lines, changes):
    fields = HeaderFields(b"\r\n".join([b"From: x@y.z", *lines, b""]))
    for act, name in changes:
        if act == "set":
            fields.set(name, "v")
        elif act == "remove":
            fields.remove(name)
        elif act == "prepend":
            fields.prepend_subject("[E]")
        else:
            fields.add_address("To", Address("b", "c.d"))
        octets = bytes(fields)
        for known in ("a", "to", "subject"):
            assert fields.texts(known) == HeaderFields(octets).texts(known)
            assert fields.has(known) == HeaderFields(octets).has(known)


def test_what_is_made_of_the_whole_header__is_made_once_until_it_changes():
    fields, made = HeaderFields(b"A: b\r\n"), []

    def make(asked):
        made.append(bytes(asked))
        return len(made)

    assert [fields.once("k", make) for _ in range(3)] == [1, 1, 1]
    fields.set("A", "c")
    assert (fields.once("k", make), made) == (2, [b"A: b\r\n", b"A: c\r\n"])


@given(st.lists(st.text("aÄb1 _-.$İ", min_size=1, max_size=4).filter(str.strip), min_size=1, max_size=4),
       st.lists(st.text("aÄb1 _-.$İ", max_size=12), max_size=3))  # fmt: skip
def test_words__sought_among_those_of_the_texts__are_found_as_in_each_text(sought, texts):
    words = Words(tuple(sought))
    one_by_one = next((word for word in sought if any(Words((word,)).find(text) for text in texts)), "")
    assert words.find_among(texts, words_of(texts), Steps(10_000)) == one_by_one


def test_short_text__hundreds_of_words__are_looked_for_by_those_it_has(monkeypatch):
    asked = []
    monkeypatch.setattr(pattern_match, "_stands", lambda *given: asked.append(given))
    words = Words((*(f"w{number}" for number in range(FEW + 480)), "anna"))
    assert (words.find("xw1@w.example"), words.find("Anna@w12.example"), asked) == ("", "w12", [])


def test_words__hundreds_that_are_not_there__cost_no_look_at_the_text():
    texts, steps = ["x" * 8_000] * 200, Steps(0)
    assert Words(tuple(f"w{n}" for n in range(500))).find_among(texts, words_of(texts), steps) == ""
    phrases = Words(tuple(f"a b{n}" for n in range(500)))
    texts = [" ".join(f"xa b{n} a" for n in range(500))] * 200
    with pytest.raises(TooMuchWork):
        phrases.find_among(texts, words_of(texts), Steps(MAX_STEPS))


def test_rule__about_importance_and_type__reads_the_header_once(monkeypatch):
    done: Counter[str] = Counter()
    monkeypatch.setattr(criteria, "priority", _counted(priority, "priority", done))
    monkeypatch.setattr(message_types, "types", _counted(message_types.types, "types", done))
    asked = (condition("WithImportance", "High"), condition("MessageTypeMatches", "OOF"))
    decide(*(rule(number, exceptions=asked) for number in range(20)))
    assert done == {"priority": 1, "types": 1}
