"""Impact of lists in DNS: replayed by what they answered then, and plain about what no recording answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mailconsole.changes import recorded
from mailconsole.changes.recorded import RecordedDecision
from tests.mailconsole.changes.kit import NOW
from tests.mailconsole.changes.test_impact import by, impact
from tests.transport.config.documents import document

BLOCK, ALLOW = "ip_block_list_providers", "ip_allow_list_providers"
DOMAIN = {"id": "contoso", "name": "Contoso", "domain": "contoso.com", "domain_type": "InternalRelay"}
BL = {"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True, "rejection_response": "no"}
WL = {"id": "wl", "name": "WL", "lookup_domain": "wl.example", "is_any_match": True}
LISTED = [[BLOCK, "bl", "BL", "yes", "bl.example lists the client (127.0.0.2)."]]
CLEAN = [[BLOCK, "bl", "BL", "no", "bl.example does not list the client."]]
MAIL = RecordedDecision(NOW, "9.9.9.9", "default", "a@x.example", "anna@contoso.com", "smtp")
REFUSED = replace(MAIL, reply="550 5.7.1 no", trail=json.dumps(LISTED))
TAKEN = replace(MAIL, trail=CLEAN)


@pytest.fixture(autouse=True)
def nothing_plugged(monkeypatch):
    monkeypatch.setattr(recorded, "_plugged", {})


def flow(*blocks, **more):
    return document(accepted_domains=[DOMAIN], ip_block_list_providers=list(blocks), **more)


def test_provider_unchanged__gives_the_recorded_answers_and_no_difference():
    report = impact([REFUSED, TAKEN], flow(BL), flow(BL, organization={"name": "Other"}))
    assert (report.count, report.otherwise_then, report.unanswered) == (0, 0, {})


@pytest.mark.parametrize(
    "after",
    [flow(), flow(BL | {"is_enabled": False}), flow(BL | {"bypassed_recipients": ["anna@contoso.com"]}),
     flow(BL | {"is_only_told": True}), flow(BL, ip_allow_list=[{"network": "9.9.9.9"}])],
)  # fmt: skip
def test_provider_removed_or_softened__opens_what_it_refused(after):
    report = impact([REFUSED, TAKEN], flow(BL), after)
    (group,) = by(report, "client")
    assert (report.opened, group.before, group.after) == (1, "refused: 550 5.7.1 no", "accepted")
    assert report.unanswered == {}
    (before,) = [line for line in group.examples[0].before_trail if line.name == "BL"]
    assert before.because == "bl.example lists the client (127.0.0.2)."


def test_provider_that_is_stricter__closes_what_it_let_pass():
    told = [[*LISTED[0][:4], f"{LISTED[0][4]} Nobody is refused: it is only told."]]
    report = impact([replace(MAIL, trail=told)], flow(BL | {"is_only_told": True}), flow(BL))
    assert (report.closed, report.opened, by(report, "rule")[0].label) == (1, 0, "Block-list provider BL")


@pytest.mark.parametrize(
    ("after", "unanswered"),
    [
        (flow(BL | {"id": "new", "name": "New"}, BL), {"New": 1}),
        (flow(BL | {"id": "first", "name": "A"}, BL), {"A": 2}),
        (flow(BL | {"lookup_domain": "o.example"}), {"BL": 2}),
    ],
)
def test_provider_that_was_not_asked__is_said_with_its_number_and_no_answer_is_made_up(after, unanswered):
    report = impact([REFUSED, TAKEN, replace(TAKEN, peer="10.1.1.1"), replace(TAKEN, identity="anna")], flow(BL), after)
    assert (report.count, report.unanswered) == (0, unanswered)


def test_codes_that_count_are_changed__only_what_was_written_down_is_judged():
    before, after = flow(BL), flow(BL | {"is_any_match": False, "ip_addresses_match": ["127.0.0.3"]})
    report = impact([REFUSED], before, after)
    assert (report.count, report.unanswered) == (0, {"BL": 1}), "it may have said 127.0.0.3 too"
    other = [[*CLEAN[0][:4], "bl.example does not list the client with a code that counts (127.0.0.3, 127.0.0.9)."]]
    assert (
        impact(
            [replace(MAIL, trail=other)], flow(BL | {"is_any_match": False, "ip_addresses_match": ["127.0.0.4"]}), after
        ).closed
        == 1
    )


def test_allow_list_that_said_yes__wins_until_it_is_removed():
    told = [[ALLOW, "wl", "WL", "yes", "wl.example lists the client (127.0.0.1)."], *LISTED]
    report = impact([replace(MAIL, trail=told)], flow(BL, ip_allow_list_providers=[WL]), flow(BL))
    assert (report.closed, by(report, "client")[0].before) == (1, "accepted")


def test_attempt_that_the_change_lets_in__says_that_lists_would_be_asked():
    before = document(ip_block_list_providers=[BL])
    report = impact([replace(MAIL, reply="550 5.7.1 Unable to relay")], before, flow(BL))
    assert (report.opened, report.unanswered) == (1, {"BL": 1})


NONSENSE = [
    "{ list_providers",
    '"list_providers"',
    '["list_providers"]',
    f'[["{BLOCK}"]]',
    [[BLOCK, "bl", "BL", "odd", "x"]],
    [[BLOCK, "bl", "BL", "yes", "bl.example lists the client (127.0.0.999)."]],
]


@pytest.mark.parametrize("trail", NONSENSE)
def test_trail_that_means_nothing__answers_nothing(trail):
    report = impact([replace(MAIL, trail=trail)], flow(BL), flow(BL, organization={"name": "Other"}))
    assert (report.count, report.unasked) == (0, 0)
