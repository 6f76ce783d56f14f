"""Approval rules: who has to agree to what, by the rules in effect; and that no rule lets anybody out of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.transport.config.documents import NOW, SCANNERS, document
from transport.config.diff import diff
from transport.config.validate import errors, validate
from transport.rules.approval import Need, Person, demands_of, people_problem

RULES = [
    {"id": "own", "name": "Rules", "priority": 1, "kinds": ["approval_rules", "reviewer_groups"], "approvals": 2},
    {"id": "broad", "name": "Broad", "priority": 2, "risk": "broad", "approvals": 2},
    {"id": "short", "name": "Short blocks", "priority": 3, "kinds": ["ip_block_list"], "expires_within": "1h",
     "approvals": 0},
]  # fmt: skip
NETWORK = {"id": "network", "name": "Network team", "members": ["Ann"]}


def asked(before, **sections):
    """The needs of a change from one document to another, each as its sentence."""
    old = document(**before)
    demands = demands_of(diff(old, document(**before | sections)), old, now=NOW)
    return [need.sentence for need in demands.needs], demands


def block(network="192.0.2.1", minutes=None):
    return {"network": network, "expires_at": (NOW + timedelta(minutes=minutes)).isoformat() if minutes else None}


def test_demands__no_rules__one_of_any_reviewer_and_says_so():
    sentences, demands = asked({}, relay_policies=[SCANNERS])
    assert sentences == ["One approval of any reviewer"]
    assert demands.needs[0].reasons == ["Relay policy Scanners is new (no rule is about it, so one reviewer approves)."]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (block(minutes=60), []),
        (block(minutes=61), ["One approval of any reviewer"]),
        (block(), ["One approval of any reviewer"]),
        (block("10.0.0.0/8", 30), ["Two approvals of any reviewer"]),
    ],
)
def test_demands__ip_block__is_free_only_where_it_is_short_and_narrow(entry, expected):
    assert asked({"approval_rules": RULES}, ip_block_list=[entry])[0] == expected


def test_demands__block_made_shorter__was_in_effect_and_needs_one():
    before = {"approval_rules": RULES, "ip_block_list": [block()]}
    assert asked(before, ip_block_list=[block(minutes=30)])[0] == ["One approval of any reviewer"]


@pytest.mark.parametrize("more", [{"networks": ["10.0.0.0/8"]}, {"is_broad_override": True}])
def test_demands__broad_policy__needs_two_and_says_why(more):
    sentences, demands = asked({"approval_rules": RULES}, relay_policies=[SCANNERS | more])
    assert sentences == ["Two approvals of any reviewer"]
    assert "broad network" in demands.needs[0].reasons[0]


def test_demands__mail_flow_rule_that_takes_every_message__is_broad_and_says_why():
    copying = {"id": "all", "name": "All", "actions": [{"kind": "BlindCopyTo", "values": ["x@out.example"]}]}
    sentences, demands = asked({"approval_rules": RULES}, mail_flow_rules=[copying])
    assert sentences == ["Two approvals of any reviewer"]
    assert "will add x@out.example as Bcc, whatever message it is" in demands.needs[0].reasons[0]
    for less in (
        {"mode": "Audit"},
        {"is_enabled": False},
        {"conditions": [{"kind": "AttachmentHasExecutableContent"}]},
    ):
        narrow = asked({"approval_rules": RULES}, mail_flow_rules=[copying | less])[0]
        assert narrow == ["One approval of any reviewer"]


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "SenderIPRanges", "values": ["10.1.0.0/24", "0.0.0.0/0"]},
        {"kind": "SubjectMatchesPatterns", "values": ["invoice", ".*"]},
        {"kind": "FromAddressContainsWords", "values": ["@"]},
    ],
)
@pytest.mark.parametrize(
    "action",
    [
        {"kind": "BlindCopyTo", "values": ["x@out.example"]},
        {"kind": "AddToRecipients", "values": ["x@out.example"]},
        {"kind": "CopyTo", "values": ["x@out.example"]},
        {"kind": "HoldMessage"},
    ],
)
def test_demands__mail_flow_rule_whose_condition_fits_anything__is_broad(condition, action):
    rule = {"id": "all", "name": "All", "actions": [action], "conditions": [condition]}
    assert asked({"approval_rules": RULES}, mail_flow_rules=[rule])[0] == ["Two approvals of any reviewer"]
    narrower = rule | {"conditions": [condition, {"kind": "AttachmentHasExecutableContent"}]}
    assert asked({"approval_rules": RULES}, mail_flow_rules=[narrower])[0] == ["One approval of any reviewer"]


def test_demands__rule_for_a_domain_that_the_change_accepts__is_broad():
    rule = {"id": "all", "name": "All", "actions": [{"kind": "HoldMessage"}],
            "conditions": [{"kind": "RecipientDomainIs", "values": ["new.example"]}]}  # fmt: skip
    before = {"approval_rules": RULES}
    assert asked(before, mail_flow_rules=[rule])[0] == ["One approval of any reviewer"]
    accepted = {"id": "new", "name": "New", "domain": "new.example", "domain_type": "Authoritative"}
    sentences, demands = asked(before, mail_flow_rules=[rule], accepted_domains=[accepted])
    assert sentences == ["Two approvals of any reviewer"]
    assert demands.needs[0].reasons == [
        "Mail flow rule All will hold it for an operator, for all mail or a great part of it (rule Broad)."
    ]


@pytest.mark.parametrize(("domain", "expected"), [("*", "Two"), ("partner.example", "One")])
def test_demands__send_connector_for_every_domain__is_broad(domain, expected):
    connector = {"id": "out", "name": "Out", "address_spaces": [{"domain": domain}], "smart_hosts": ["192.0.2.1"]}
    sentences = asked({"approval_rules": RULES}, send_connectors=[connector])[0]
    assert sentences == [f"{expected} approval{'s' if expected == 'Two' else ''} of any reviewer"]


@pytest.mark.parametrize(("count", "expected"), [(16, ["Two approvals of any reviewer"]), (15, [])])
def test_demands__blocks_that_are_broad_together__are_not_free(count, expected):
    entries = [block(f"10.{number}.0.0/16", 30) for number in range(count)]
    assert asked({"approval_rules": RULES}, ip_block_list=entries)[0] == expected


@pytest.mark.parametrize(("count", "expected"), [(25, "Two"), (24, "One")])
def test_demands__many_recipients_forwarded_together__are_broad(count, expected):
    people = [{"id": f"p{number}", "name": f"P{number}", "address": f"p{number}@contoso.com",
               "forwarding_address": f"p{number}@evil.example"} for number in range(count)]  # fmt: skip
    sentences, demands = asked({"approval_rules": RULES}, recipients=people)
    assert sentences == [f"{expected} approval{'s' if expected == 'Two' else ''} of any reviewer"]
    assert ("goes with the forwarding of 25 addresses" in demands.needs[0].reasons[0]) is (expected == "Two")


@pytest.mark.parametrize("lowered", [[], [RULES[1] | {"approvals": 1}]])
def test_demands__no_rule_names_the_rules__they_need_what_the_strictest_asks(lowered):
    everything = {"id": "all", "name": "All", "priority": 9}
    for rules in ([RULES[1]], [RULES[1], everything]):
        assert asked({"approval_rules": rules}, approval_rules=lowered)[0] == ["Two approvals of any reviewer"]
        assert asked({"approval_rules": rules}, reviewer_groups=[NETWORK])[0] == ["Two approvals of any reviewer"]


def test_demands__rules_lowered__the_old_ones_count():
    lowered = [RULES[0] | {"approvals": 1}, *RULES[1:]]
    assert asked({"approval_rules": RULES}, approval_rules=lowered)[0] == ["Two approvals of any reviewer"]
    assert asked({"approval_rules": RULES}, approval_rules=[])[0] == ["Two approvals of any reviewer"]


def test_demands__rule_without_approvals_for_everything__frees_neither_the_rules_nor_what_is_broad():
    free = [{"id": "free", "name": "Free", "approvals": 0}]
    before = {"approval_rules": free}
    assert asked(before, relay_policies=[SCANNERS])[0] == []
    assert asked(before, approval_rules=[])[0] == ["One approval of any reviewer"]
    assert asked(before, relay_policies=[SCANNERS | {"networks": ["10.0.0.0/8"]}])[0] == [
        "One approval of any reviewer"
    ]
    (problem,) = errors(validate(document(**before), now=NOW))
    assert problem.field == "kinds"


GROUPS = [{"id": one, "name": one.title(), "members": [one]} for one in ("ops", "sec", "net")]
ENDS = {"id": "ends", "name": "Ends", "priority": 0, "risk": "deletion", "reviewer_groups": ["ops"]}
RELAY = {"id": "relay", "name": "Relay", "priority": 1, "kinds": ["relay_policies"], "reviewer_groups": ["sec"]}
LISTS = {"id": "lists", "name": "Lists", "priority": 2, "kinds": ["ip_block_list"], "reviewer_groups": ["net"]}
ALL = {"id": "all", "name": "All", "priority": 3, "reviewer_groups": ["ops"]}
OPS, SEC, NET = (f"One approval of {name}" for name in ("Ops", "Sec", "Net"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"networks": ["10.9.0.0/24"], "expires_at": "2099-01-01T00:00:00Z"}, [OPS, SEC]),
        ({"networks": ["10.9.0.0/24"], "is_enabled": False}, [OPS, SEC]),
        ({"expires_at": "2099-01-01T00:00:00Z"}, [OPS]),
        ({"networks": ["10.9.0.0/24"]}, [SEC]),
    ],
)
def test_demands__change_that_ends_and_does_more__needs_the_groups_of_both_rules(more, expected):
    before = {"reviewer_groups": GROUPS, "approval_rules": [ENDS, RELAY], "relay_policies": [SCANNERS]}
    sentences, demands = asked(before, relay_policies=[SCANNERS | more])
    assert sentences == expected
    assert all(need.count == 1 for need in demands.needs)


def test_demands__free_end_with_more__needs_what_the_rest_asks():
    free = ENDS | {"approvals": 0, "kinds": ["relay_policies"], "reviewer_groups": []}
    before = {"reviewer_groups": GROUPS, "approval_rules": [free, RELAY], "relay_policies": [SCANNERS]}
    end = {"expires_at": "2099-01-01T00:00:00Z"}
    assert asked(before, relay_policies=[SCANNERS | end])[0] == []
    assert asked(before, relay_policies=[SCANNERS | end | {"networks": ["10.9.0.0/24"]}])[0] == [SEC]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([RELAY, ALL], [NET, OPS, SEC]),
        ([LISTS, ALL], [OPS, SEC]),
        ([RELAY, LISTS | {"reviewer_groups": ["sec"]}, ALL], [NET, OPS, SEC]),
        ([RELAY, LISTS, ALL, LISTS | {"id": "new", "name": "New", "priority": 0, "reviewer_groups": []}],
         [NET, OPS, SEC]),
        ([RELAY, LISTS, ALL | {"priority": 0}], [NET, OPS, SEC]),
        ([RELAY, LISTS, ALL, ALL | {"id": "last", "name": "Last", "priority": 4}], [OPS, SEC]),
    ],
)  # fmt: skip
def test_demands__rule_deleted_lowered_or_passed_over__is_asked_itself(rules, expected):
    before = {"reviewer_groups": GROUPS, "approval_rules": [RELAY, LISTS, ALL]}
    assert asked(before, approval_rules=rules)[0] == expected


def test_demands__group_changed__the_rules_that_ask_it_are_asked():
    before = {"reviewer_groups": GROUPS, "approval_rules": [RELAY, LISTS, ALL]}
    widened = [GROUPS[0], GROUPS[1], GROUPS[2] | {"members": ["net", "eve"]}]
    assert asked(before, reviewer_groups=widened)[0] == [NET, OPS, SEC]


def test_needs__one_person_counts_once_and_only_in_the_group_while_they_may_review():
    need = Need(2, document(reviewer_groups=[NETWORK]).reviewer_groups[0])
    ann, bob = Person("ann", frozenset({"reviewer"})), Person("bob", frozenset({"reviewer"}))
    assert need.missing([ann, ann, bob]) == 1
    assert need.counted([Person("ann", frozenset(), may_review=False)]) == ()


def test_people_problem__fewer_than_asked__names_who_is_there():
    rules = [{"id": "two", "name": "Two", "approvals": 2}]
    (rule,) = document(approval_rules=rules).approval_rules
    people = [Person(name, frozenset({"reviewer"})) for name in ("ann", "bob")]
    told = people_problem(rule, document(), people, ["ann", "bob"])
    assert told == "Two needs two approvals of any reviewer other than the author, and only ann, bob could give it."
    assert people_problem(rule, document(), people, ["ann", "eve"]) == ""


def test_validate__group_that_is_not_there__is_an_error_at_its_field():
    rules = [{"id": "one", "name": "One", "reviewer_groups": ["gone"]}]
    (problem,) = errors(validate(document(approval_rules=rules), now=NOW))
    assert (problem.field, "gone" in problem.sentence) == ("reviewer_groups", True)
