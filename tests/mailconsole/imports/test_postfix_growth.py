"""Networks cut out of each other: so many steps as there are rows, and no more networks than somebody reviews."""

from __future__ import annotations

import ipaddress
import random
import sys
from functools import partial

import pytest

from mailconsole.imports.postfix import addresses
from mailconsole.imports.postfix.decided import decided
from mailconsole.imports.postfix.networks import without
from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from tests.mailconsole.imports.test_postfix import imported, of

CLIENTS = "smtpd_client_restrictions = check_client_access cidr:/etc/postfix/clients\n"


def hosts(count: int) -> list[str]:
    chance = random.Random(1)
    return [str(ipaddress.ip_address(0x0A000000 + number)) for number in chance.sample(range(1 << 24), count)]


def steps(work) -> int:
    """Calls that it makes, of Python and of C."""
    made = 0

    def count(_frame, event: str, _argument) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize(
    "cut",
    [
        lambda some: list(without(["10.0.0.0/8"], addresses.of(some))),
        lambda some: list(without([f"10.{n % 256}.0.0/16" for n in range(len(some))], addresses.of(some))),
        lambda some: decided([*((one, "OK") for one in some), ("10.0.0.0/8", "REJECT")], is_first_match=True),
    ],
)
def test_cuts__twice_as_many__take_about_twice_the_steps(cut):
    few, many = (steps(partial(cut, hosts(count))) for count in (250, 1000))
    assert many < few * 6


def test_access__row_that_breaks_into_too_many_networks__is_left_out_with_a_sentence():
    rows = "".join(f"{one} OK\n" for one in hosts(300)) + "10.0.0.0/8 REJECT\n"
    done = imported(source("main.cf", CLIENTS), source("clients", rows))
    assert not done.document.ip_block_list and len(done.document.ip_allow_list) == 300
    ((fate, note),) = said(done.report, "10.0.0.0/8", "")
    assert fate is Fate.LEFT_OUT and "breaks into more than 2000 networks" in note


def test_mynetworks__that_exclusions_break_into_too_many__let_nobody_relay_and_say_so():
    listed = "".join(f"!{one}\n" for one in hosts(300)) + "10.0.0.0/8\n"
    done = imported(source("main.cf", "mynetworks = /etc/postfix/mynets\n"), source("mynets", listed))
    assert not of(done.document.relay_policies)
    assert any("breaks into" in note for fate, note in said(done.report, "mynetworks", "mynetworks"))


def members(networks) -> set[str]:
    return {str(address) for one in networks for address in ipaddress.ip_network(one)}


def test_addresses__of_any_networks__are_the_set_that_they_name():
    chance = random.Random(7)
    for _ in range(200):
        nets = [
            [f"10.0.0.{chance.randrange(256)}/{chance.randrange(29, 33)}" for _ in range(count)] for count in (40, 2)
        ]
        known = [[str(ipaddress.ip_network(one, strict=False)) for one in some] for some in nets]
        here, there = map(addresses.of, known)
        mine, theirs = map(members, known)
        assert members((here | there).networks()) == mine | theirs
        assert there | here == addresses.union((here, there))
        assert members((here - there).networks()) == mine - theirs
        assert members((here & there).networks()) == mine & theirs


def test_addresses__of_both_versions__are_apart():
    everybody = addresses.of(["::/0", "0.0.0.0/0"])
    assert list((everybody - addresses.of(["::/1", "128.0.0.0/1"])).networks()) == ["8000::/1", "0.0.0.0/1"]


def test_restrictions__many_times_the_same_and_many_tables__are_not_walked_each_with_each():
    def work(count: int) -> None:
        inline = [f"check_client_access inline:{{{one}=OK}}" for one in hosts(count)]
        words = [*inline, *["permit_mynetworks", "check_client_access cidr:/t"] * count]
        main = source("main.cf", f"mynetworks = 10.0.0.0/8\nsmtpd_client_restrictions = {', '.join(words)}\n")
        done = imported(main, source("t", "".join(f"{one} REJECT\n" for one in hosts(count))))
        assert len(done.document.ip_allow_list) == count

    few, many = (steps(partial(work, count)) for count in (50, 200))
    assert many < few * 6
