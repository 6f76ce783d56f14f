"""Restrictions in their order: whom Postfix takes mail from and lets relay by address, the draft does; nobody else."""

from __future__ import annotations

import random

import pytest

from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from tests.mailconsole.imports.postfix_model import Postfix, Taken
from tests.mailconsole.imports.test_postfix import imported, of
from transport.rules import ip_filter
from transport.rules.ruleset import Ruleset, compile_ruleset


def drafted(main: str, **tables: str):
    return imported(source("main.cf", main), *(source(name, text) for name, text in tables.items()))


def blocked(done) -> set[str]:
    return {one.network for one in done.document.ip_block_list}


def allowed(done) -> set[str]:
    return {one.network for one in done.document.ip_allow_list}


BOGONS = "10.0.0.0/8 REJECT\n192.168.0.0/16 REJECT\n"


def test_block__of_our_own_networks_after_permit_mynetworks__is_none():
    lists = "smtpd_client_restrictions = permit_mynetworks, check_client_access cidr:/bogons\n"
    done = drafted(f"mynetworks = 10.0.0.0/8\n{lists}", bogons=BOGONS)
    assert blocked(done) == {"192.168.0.0/16"}
    assert said(done.report, "10.0.0.0/8", "") == [(Fate.MAPPED, "What stands before it decides about all of it.")]
    before = lists.replace("permit_mynetworks, check_client_access cidr:/bogons", "check_client_access cidr:/bogons")
    assert "10.0.0.0/8" in blocked(drafted(f"mynetworks = 10.0.0.0/8\n{before}", bogons=BOGONS))


@pytest.mark.parametrize(
    "lists",
    [
        "smtpd_client_restrictions = check_client_access cidr:/deny, check_client_access cidr:/white\n",
        "smtpd_client_restrictions = check_client_access cidr:/white\n"
        "smtpd_sender_restrictions = check_client_access cidr:/deny\n",
    ],
)
def test_allow__of_whom_a_table_before_or_another_list_refuses__is_none(lists: str):
    done = drafted(lists, deny="192.0.2.0/24 REJECT\n", white="192.0.2.7 OK\n198.51.100.7 OK\n")
    assert (blocked(done), allowed(done)) == ({"192.0.2.0/24"}, {"198.51.100.7"})


def test_relay__of_whom_a_table_before_keeps_from_it__is_cut_out_and_told():
    lists = "check_client_access cidr:/a, check_client_access cidr:/b, permit_mynetworks, reject_unauth_destination"
    main = f"mynetworks = 10.2.0.0/15\nsmtpd_relay_restrictions = {lists}\n"
    done = drafted(main, a="10.2.0.0/16 reject_unauth_destination\n", b="10.0.0.0/9 OK\n")
    policies = of(done.document.relay_policies)
    assert "10.0.0.0/15" in policies["access: 10.0.0.0/9"].networks
    assert not {"10.0.0.0/9", "10.2.0.0/16", "10.2.0.0/15"} & set(policies["access: 10.0.0.0/9"].networks)
    assert policies["mynetworks"].networks == ("10.3.0.0/16",)
    assert said(done.report, "mynetworks", "mynetworks")[-1][0] is Fate.APPROXIMATED


@pytest.mark.parametrize("word", ["reject", "permit", "defer"])
def test_restriction__after_one_about_everybody__is_never_reached_and_said_so(word: str):
    lists = f"{word}, check_client_access cidr:/t, reject_rbl_client bl.example"
    done = drafted(f"smtpd_client_restrictions = {lists}\n", t="192.0.2.7 OK\n192.0.2.8 REJECT\n")
    assert not allowed(done) | blocked(done) and not done.document.ip_block_list_providers
    told = [line for line in done.report.lines if line.note == f"It is never reached: {word} stands before it."]
    assert [(line.value, line.fate) for line in told] == [
        ("check_client_access cidr:/t", Fate.LEFT_OUT),
        ("reject_rbl_client bl.example", Fate.LEFT_OUT),
    ]
    assert not [line for line in done.report.lines if line.source == "File"]


def test_ok__in_a_list_that_lets_in_by_sender_only__is_left_out():
    done = drafted("smtpd_sender_restrictions = check_client_access cidr:/t\n", t="192.0.2.7 OK\n")
    assert not allowed(done)
    ((fate, note),) = said(done.report, "192.0.2.7", "")
    assert fate is Fate.LEFT_OUT and "smtpd_sender_restrictions only" in note


def test_rows__after_a_word_that_decides_by_something_else__are_approximated_and_name_it():
    lists = "permit_sasl_authenticated, reject_rbl_client bl.example, check_client_access cidr:/t"
    done = drafted(f"smtpd_client_restrictions = {lists}\n", t="192.0.2.7 OK\n192.0.2.8 REJECT\n192.0.2.9 450 later\n")
    for key, words in (
        ("192.0.2.7", "reject_rbl_client bl.example"),
        ("192.0.2.8", "permit_sasl_authenticated"),
        ("192.0.2.9", "for the time being"),
    ):
        ((fate, note),) = said(done.report, key, "")
        assert fate is Fate.APPROXIMATED and words in note


def test_sign_in__that_another_list_refuses__lets_nobody_relay():
    text = "smtpd_sasl_auth_enable = yes\nsmtpd_client_restrictions = permit_mynetworks, reject\n"
    assert not drafted(text).document.relay_policies


ACTIONS = ("OK", "REJECT", "DUNNO", "reject_unauth_destination", "450 later", "my_class")
WORDS = ("permit_mynetworks", "reject_unauth_destination", "permit_sasl_authenticated", "permit", "reject",
     *[f"check_client_access cidr:/t{n}" for n in range(3)] * 3)  # fmt: skip


def drawn(chance: random.Random) -> Postfix:
    def network() -> str:
        bits = chance.randrange(26, 33)
        return f"10.0.0.{chance.randrange(256) >> (32 - bits) << (32 - bits)}/{bits}"

    def some() -> list[str]:
        return [chance.choice(WORDS) for _ in range(chance.randrange(5))]

    tables = {f"t{n}": [(network(), chance.choice(ACTIONS)) for _ in range(6)] for n in range(3)}
    lists = {f"smtpd_{one}_restrictions": some() for one in ("client", "sender", "relay", "recipient")}
    lists["smtpd_relay_restrictions"].append("reject_unauth_destination")
    return Postfix([network(), network()], tables, lists)


def by_draft(ruleset: Ruleset, peer: str) -> Taken:
    is_blocked, _ = ip_filter.check(ruleset, peer, now=0)
    policies = [one for one in ruleset.policies_for(peer) if not one.policy.identities]
    return Taken(not is_blocked, bool(policies) and not is_blocked)


def test_draft__of_any_restrictions__takes_and_relays_as_postfix_or_names_the_word():
    chance, compared = random.Random(5), 0
    for _ in range(150):
        postfix = drawn(chance)
        done = drafted(postfix.main_cf, **postfix.files)
        ruleset = compile_ruleset(done.document)
        named = {(line.parameter, line.value) for line in done.report.lines if line.fate is Fate.LEFT_OUT}
        for peer in [f"10.0.0.{number}" for number in chance.sample(range(256), 40)]:
            wanted, words = postfix.verdict(peer)
            if any(word.endswith("my_class") for _, word in words):
                assert ("", "my_class") in named
                continue
            found, compared = by_draft(ruleset, peer), compared + 1
            is_word_named = words & named
            assert found.is_taken == wanted.is_taken or (found.is_taken and is_word_named), (postfix, peer)
            assert found.is_relayed == wanted.is_relayed or (wanted.is_relayed and is_word_named), (postfix, peer)
    assert compared > 3000
