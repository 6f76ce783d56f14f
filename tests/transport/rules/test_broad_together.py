"""What the objects of a change are together, and how many people the groups are that they name."""

from __future__ import annotations

import pytest

from tests.transport.config.documents import NOW, SCANNERS, document
from tests.transport.rules.test_broadness import ACCOUNT, full
from transport.config.diff import diff
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.rules.approval import demands_of
from transport.rules.broadness import broad_reasons

OURS = {"id": "o", "name": "O", "domain": "contoso.com", "domain_type": "Authoritative"}
EVE = [{"kind": "RedirectMessageTo", "values": ["eve@evil.example"]}]


class Directory:
    """``all`` holds 10,000 in two groups of 5,000, ``team`` holds 3, ``hidden`` is told to nobody."""

    def find(self, address):
        found = {
            "all@contoso.com": ("north@contoso.com", "south@contoso.com"),
            "north@contoso.com": tuple(f"n{number}@contoso.com" for number in range(5000)),
            "south@contoso.com": tuple(f"s{number}@contoso.com" for number in range(5000)),
            "team@contoso.com": tuple(f"t{number}@contoso.com" for number in range(3)),
            "hidden@contoso.com": ("x@contoso.com",),
        }.get(address.lower())
        is_withheld = address.startswith("hidden")
        return (
            RecipientEntry(address, EntryKind.GROUP, address, members=found, is_withheld=is_withheld) if found else None
        )


def reasons(before, lookup=None, **sections):
    old = document(accepted_domains=[OURS], **before)
    changes = diff(old, document(accepted_domains=[OURS], **before | sections))
    told = broad_reasons(changes, old, lookup or Directory())
    return [one for one, change in zip(told, changes, strict=True) if not change.is_deleted]


def policies(count, **fields):
    return [SCANNERS | {"id": f"p{n}", "name": f"P{n}", "networks": [f"10.{n}.0.0/16"]} | fields for n in range(count)]


def rules(count, kind, value, **fields):
    return [
        {"id": f"r{n}", "name": f"R{n}", "actions": EVE, "priority": n,
         "conditions": [{"kind": kind, "values": [value.format(n)]}]} | fields
        for n in range(count)
    ]  # fmt: skip


def asking(kind, *groups, actions=EVE):
    return [{"id": "r", "name": "R", "actions": actions, "conditions": [{"kind": kind, "values": groups}]}]


def test_policies__whose_networks_are_broad_together__each_is():
    told = reasons({}, relay_policies=policies(16))
    assert told == ["admits, with other policies of the change, networks that are broad together"] * 16
    assert reasons({}, relay_policies=policies(15)) == [""] * 15
    assert reasons({}, relay_policies=policies(16, networks=["10.7.0.0/16"])) == [""] * 16
    assert reasons({}, relay_policies=policies(16, is_enabled=False)) == [""] * 16


@pytest.mark.parametrize(
    ("fields", "is_broad"),
    [
        ({"comment": "x"}, False),
        ({"max_messages_per_hour": 10}, False),
        ({"expires_at": "2030-01-01T00:00:00Z"}, False),
        ({"recipient_addresses": []}, True),
        ({"is_tls_required": False}, True),
    ],
)
def test_policies__that_are_there__count_where_they_mean_more(fields, is_broad):
    narrow = {"recipient_addresses": ["partner.example"], "is_tls_required": True}
    told = reasons({"relay_policies": policies(16, **narrow)}, relay_policies=policies(16, **narrow | fields))
    assert [bool(one) for one in told] == [is_broad] * 16


@pytest.mark.parametrize(
    ("section", "made"),
    [
        ("relay_policies", [{**SCANNERS, "id": f"p{n}", "name": f"P{n}", "identities": ["scan"],
                             "send_as_addresses": [f"a{n}@contoso.com"]} for n in range(25)]),
        ("service_accounts", [ACCOUNT | {"id": f"a{n}", "name": f"A{n}", "username": f"a{n}",
                                         "addresses": [f"a{n}@contoso.com"]} for n in range(25)]),
        ("recipients", [{"id": f"r{n}", "name": f"R{n}", "address": f"r{n}@contoso.com",
                         "aliases": [f"s{n}@contoso.com"], "forwarding_address": "x@y.example"} for n in range(13)]),
        ("address_rewriting", [{"id": f"w{n}", "name": f"W{n}", "internal_address": f"a{n}@contoso.com",
                                "external_address": f"b{n}@contoso.com"} for n in range(25)]),
        ("receive_connectors", [{"id": f"c{n}", "name": f"C{n}", "bindings": [f"0.0.0.0:{2500 + n}"],
                                 "remote_ip_ranges": [f"10.{n}.0.0/16"]} for n in range(16)]),
    ],
)  # fmt: skip
def test_objects__of_each_kind__are_broad_together_and_one_fewer_is_not(section, made):
    full_ones = [full(section, one) for one in made]
    assert all(reasons({}, **{section: full_ones}))
    assert not any(reasons({}, **{section: full_ones[1:]}))


def test_ip_blocks__edited_together__are_as_they_were_unless_they_last_longer():
    blocks = [{"network": f"10.{n}.0.0/16", "expires_at": "2027-01-01T00:00:00Z"} for n in range(16)]
    for fields, is_broad in ({"comment": "x"}, False), ({"expires_at": None}, True):
        told = reasons({"ip_block_list": blocks}, ip_block_list=[one | fields for one in blocks])
        assert [bool(one) for one in told] == [is_broad] * 16


def test_connectors__for_everybody_edited_together__are_as_they_were():
    two = [{"id": f"c{n}", "name": f"C{n}", "bindings": [f"0.0.0.0:{2500 + n}"]} for n in range(2)]
    told = reasons({"receive_connectors": two}, receive_connectors=[one | {"banner": "220 hello"} for one in two])
    assert told == ["", ""]


def test_rules__that_differ_in_what_they_look_for__are_broad_together():
    letters = [one | {"conditions": [{"kind": "SubjectMatchesPatterns", "values": [f"^{letter}"]}]}
               for letter, one in zip("raw[hifscnu", rules(11, "SentTo", "x{}@contoso.com"), strict=True)
               if letter != "["]  # fmt: skip
    (said, *others) = reasons({}, mail_flow_rules=letters)
    assert said.startswith("will redirect the message to eve@evil.example, and with other rules of the change that is")
    assert all(others)
    assert not any(reasons({}, mail_flow_rules=letters[:1]))
    people = rules(100, "SentTo", "p{}@contoso.com")
    assert all(reasons({}, mail_flow_rules=people)) and not any(reasons({}, mail_flow_rules=people[1:]))
    told = reasons({"mail_flow_rules": people}, mail_flow_rules=[one | {"comment": "x"} for one in people])
    assert not any(told)
    assert not any(reasons({}, mail_flow_rules=[one | {"mode": "Audit"} for one in people]))


@pytest.mark.parametrize(
    ("kind", "groups", "sentence"),
    [
        ("SentToMemberOf", ["all@contoso.com"], "for mail of all@contoso.com: 10,002 addresses"),
        ("FromMemberOf", ["team@contoso.com", "north@contoso.com"], "north@contoso.com: 5,003 addresses"),
        ("AnyOfToCcHeaderMemberOf", ["all@contoso.com"], "10,002 addresses"),
        ("SentToMemberOf", ["hidden@contoso.com"], "hidden@contoso.com: how many these are can't be told"),
        ("BetweenMemberOf", ["north@contoso.com, south@contoso.com"], "for all mail or a great part of it"),
        ("BetweenMemberOf", ["north@contoso.com, team@contoso.com"], ""),
        ("SentToMemberOf", ["team@contoso.com"], ""),
        ("SentToMemberOf", ["nobody@contoso.com"], ""),
        ("SentTo", ["all@contoso.com"], ""),
    ],
)  # fmt: skip
def test_rule__by_who_is_in_groups__is_broad_where_they_are_many(kind, groups, sentence):
    (said,) = reasons({}, mail_flow_rules=asking(kind, *groups))
    assert sentence in said and bool(said) is bool(sentence)


def test_rule__directory_that_can_not_answer__counts_as_many():
    (said,) = reasons({}, NoDirectory(), mail_flow_rules=asking("SentToMemberOf", "team@contoso.com"))
    assert said.endswith("how many these are can't be told")


def test_rule__that_sends_to_a_great_group__is_broad_whatever_it_is_about():
    action = [{"kind": "BlindCopyTo", "values": ["all@contoso.com"]}]
    (said,) = reasons({}, mail_flow_rules=asking("SubjectContainsWords", "invoice", actions=action))
    assert said == "will add all@contoso.com as Bcc: 10,002 addresses"
    for narrow in ([{"kind": "BlindCopyTo", "values": ["team@contoso.com"]}], [{"kind": "LogEventText", "text": "x"}]):
        assert reasons({}, mail_flow_rules=asking("SubjectContainsWords", "invoice", actions=narrow)) == [""]


def test_rules__of_groups_that_are_many_together__are_broad():
    groups = [{"id": f"g{n}", "name": f"G{n}", "address": f"g{n}@contoso.com",
               "members": [f"m{n}-{m}@partner.example" for m in range(30)]} for n in range(4)]  # fmt: skip
    assert all(reasons({"distribution_groups": groups}, mail_flow_rules=rules(4, "FromMemberOf", "g{}@contoso.com")))
    assert not any(
        reasons({"distribution_groups": groups}, mail_flow_rules=rules(3, "FromMemberOf", "g{}@contoso.com"))
    )


def test_group__that_a_rule_goes_by__is_broad_once_it_becomes_many():
    few, many = ({"id": "vip", "name": "Vip", "address": "vip@contoso.com",
                  "members": [f"m{m}@partner.example" for m in range(count)]} for count in (5, 120))  # fmt: skip
    rule = asking("FromMemberOf", "VIP@contoso.com")
    (said,) = reasons({"mail_flow_rules": rule, "distribution_groups": [few]}, distribution_groups=[many])
    assert said.startswith("makes the mail flow rule R broad, which will redirect the message to eve@evil.example")
    assert reasons({"distribution_groups": [few]}, distribution_groups=[many]) == [""]
    both = reasons({}, mail_flow_rules=rule, distribution_groups=[many])
    assert [bool(one) for one in both] == [False, True]


def group(name, count, *members, **fields):
    people = [f"{name}{number}@partner.example" for number in range(count)]
    return {"id": name, "name": name, "address": f"{name}@contoso.com", "members": [*people, *members]} | fields


GOES_BY_A = {"mail_flow_rules": asking("FromMemberOf", "a@contoso.com")}
TOP = group("a", 5, "b-too@contoso.com")
MIDDLE = group("b", 5, "c@contoso.com", "a@contoso.com", aliases=["b-too@contoso.com"])  # a ring


@pytest.mark.parametrize(
    ("after", "is_broad"),
    [
        ([TOP, MIDDLE, group("c", 500)], True),
        ([TOP, MIDDLE, group("c", 80)], False),
        ([TOP, MIDDLE | {"members": ["b@partner.example"]}, group("c", 500)], False),
        ([TOP, MIDDLE | {"aliases": []}, group("c", 500)], False),
        ([TOP, group("b", 500, aliases=["b-too@contoso.com"]), group("c", 5)], True),
    ],
)
def test_group__in_a_group_that_a_rule_goes_by__is_broad_once_that_becomes_many(after, is_broad):
    before = GOES_BY_A | {"distribution_groups": [TOP, MIDDLE, group("c", 5)]}
    told = reasons(before, distribution_groups=after)
    assert [bool(one) for one in told][-1] is is_broad
    assert not any(told) or told[-1].startswith("makes the mail flow rule R broad, which will redirect the message")


def test_group__of_many_that_gets_the_address_that_a_group_names__is_broad():
    before = GOES_BY_A | {"distribution_groups": [TOP, group("many", 500)]}
    (said,) = reasons(before, distribution_groups=[TOP, group("many", 500, aliases=["b-too@contoso.com"])])
    assert said.startswith("makes the mail flow rule R broad")
    assert reasons(before, distribution_groups=[TOP, group("many", 500, aliases=["x@contoso.com"])]) == [""]


def test_group__small_in_one_that_was_many_already__is_edited_like_any_other():
    top = group("a", 500, "b-too@contoso.com")
    before = GOES_BY_A | {"distribution_groups": [top, MIDDLE, group("c", 5)]}
    assert reasons(before, distribution_groups=[top, MIDDLE, group("c", 6)]) == [""]


def test_groups__that_are_many_only_together_above__both_are():
    wide = group("a", 5, "b@contoso.com", "c@contoso.com")
    before = GOES_BY_A | {"distribution_groups": [wide, group("b", 5), group("c", 5)]}
    assert all(reasons(before, distribution_groups=[wide, group("b", 60), group("c", 60)]))
    assert reasons(before, distribution_groups=[wide, group("b", 60), group("c", 5)]) == [""]


def test_demands__rule_for_a_great_group__asks_what_broad_rules_ask():
    broad = [{"id": "broad", "name": "Broad", "risk": "broad", "approvals": 2}]
    old = document(accepted_domains=[OURS], approval_rules=broad)
    new = document(
        accepted_domains=[OURS], approval_rules=broad, mail_flow_rules=asking("FromMemberOf", "all@contoso.com")
    )
    (need,) = demands_of(diff(old, new), old, now=NOW, lookup=Directory()).needs
    assert need.approvals == 2
    assert need.reasons[0].endswith("for mail of all@contoso.com: 10,002 addresses (rule Broad).")
