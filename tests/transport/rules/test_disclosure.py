"""Members of a group that hides them are counted and named nowhere: in no step, refusal or problem."""

import pytest

from tests.transport.rules.test_recipients import Directory, mailbox, run
from transport.model.address import parse_mailbox
from transport.ports.recipients import EntryKind, RecipientEntry
from transport.rules.disclosure import UNTOLD, disclosed
from transport.rules.recipients import MAX_DEPTH


def group(name, *members):
    texts = tuple(m if "@" in m or not m.isalnum() else f"{m}@acme.example" for m in members)
    return RecipientEntry(f"{name}@acme.example", EntryKind.GROUP, f"{name}@acme.example", members=texts)


def told(asked, *entries, hidden=("secret",)):
    whole = run(asked, directory=Directory(*entries))
    keys = {f"{name}@acme.example" for name in hidden}
    return whole, disclosed(whole, (parse_mailbox(f"{asked}@acme.example"),), keys)


def words(resolution):
    """Everything that a page could show of it."""
    return repr(resolution)


def test_members__are_counted_in_their_groups_step():
    whole, seen = told("secret", group("secret", "mole", "spy"), mailbox("mole"), mailbox("spy"))
    assert len(whole.deliveries) == 2 and seen.deliveries == []
    assert [(one.to, one.untold) for one in seen.changes] == [((), 2)]
    assert "mole" not in words(seen) and "spy" not in words(seen)


def test_member_that_is_unknown__is_told_to_nobody_else():
    whole, seen = told("secret", group("secret", "mole"))
    assert "mole@acme.example" in str(whole.refusals[0].address)
    assert "mole" not in words(seen)


@pytest.mark.parametrize("outer", ["secret", "all"])
def test_member_that_is_no_address__is_in_no_problem_and_not_in_the_reason_of_the_whole(outer):
    whole, seen = told(outer, group("all", "secret"), group("secret", "(mole)"))
    assert "(mole)" in str(whole.problems[0]) and "(mole)" in whole.refusals[0].because
    assert "mole" not in words(seen)
    assert [str(one) for one in seen.problems] == [UNTOLD]
    assert [one.because for one in seen.refusals] == [UNTOLD]


def test_member_that_forwards_in_a_circle__is_not_named_with_it():
    entries = [group("secret", "mole"), mailbox("mole", forward_to="spy@acme.example"),
               mailbox("spy", forward_to="mole@acme.example")]  # fmt: skip
    whole, seen = told("secret", *entries)
    assert "mole" in whole.refusals[0].because
    assert "mole" not in words(seen) and "spy" not in words(seen)


def test_too_deep_below_a_hidden_group__does_not_say_where():
    chain = [group(f"g{n}", f"g{n + 1}") for n in range(MAX_DEPTH + 1)]
    whole, seen = told("all", group("all", "secret", f"g{MAX_DEPTH}"), group("secret", "g0"), *chain)
    assert any("deeper than" in one.because for one in whole.refusals)
    for number in range(MAX_DEPTH):
        assert f"g{number}@" not in words(seen)


def test_member_that_is_also_in_an_open_group__stands_there_alone():
    people = [mailbox("mole"), mailbox("ann")]
    _, seen = told("all", group("all", "secret", "open"), group("secret", "mole", "ann"), group("open", "ann"), *people)
    assert [str(one.address) for one in seen.deliveries] == ["ann@acme.example"]
    assert "mole" not in words(seen)


def test_nothing_hidden__is_told_as_it_is():
    whole, seen = told("open", group("open", "ann", "(odd)"), mailbox("ann"))
    assert seen is whole and "(odd)" in str(seen.problems[0])


def test_other_groups_problems__are_told_beside_hidden_ones():
    _, seen = told("all", group("all", "secret", "open"), group("secret", "(mole)"), group("open", "(odd)", "ann"),
                   mailbox("ann"))  # fmt: skip
    assert [str(one) for one in seen.problems][-1] == UNTOLD and "(odd)" in str(seen.problems[0])
    assert "mole" not in words(seen)
