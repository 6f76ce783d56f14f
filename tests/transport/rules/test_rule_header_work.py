"""How little is done of a header that a stranger has made long: each thing once, and nothing again from each octet."""

from collections import Counter

import pytest

from transport.model.address import Address
from transport.rules import address_list, rule_header
from transport.rules.rule_header import MAX_ADDRESSES, MAX_SAME, MAX_SENDER_OCTETS, MAX_TEXT, HeaderFields


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
    assert said == [True] * MAX_SAME + [False] * (3_000 - 2 * MAX_SAME) + [True] * MAX_SAME
