"""The replay of a change: asked for by its page, done by a worker, kept, and ended when the change is edited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import current_app

from mailconsole.changes import recorded
from mailconsole.changes.impact.replay import replay
from mailconsole.changes.impact.states import ImpactState
from mailconsole.changes.models import ImpactRun
from mailconsole.changes.services import impact
from mailconsole.changes.services.impact import impact_of, run_impact
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.models import Node
from mailconsole.tracking.models import Refusal
from mailconsole.tracking.services.decisions import recent_decisions
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, stage_policy
from tests.support.factories import create_reviewer, create_viewer, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recording(monkeypatch):
    """Tracking alone is plugged in, time stands still, and tasks lie where a test can see them."""
    sent = []
    monkeypatch.setattr(recorded, "_plugged", {})
    recorded.register_decisions(recent_decisions)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: sent.append(args[0]))
    return sent


def refuse(count=1):
    node, _ = Node.objects.get_or_create(name="transport-1")
    for number in range(count):
        Refusal.objects.create(
            id=number + 1,
            node=node,
            received_at=NOW - timedelta(hours=2),
            stage="rcpt",
            action="refuse",
            peer="10.1.2.3",
            binding="smtp",
            connector_id="default",
            sender="scan@contoso.com",
            sender_domain="contoso.com",
            recipient="someone@partner.example",
            recipient_domain="partner.example",
            size_bytes=0,
            reply="550 5.7.1 Unable to relay",
            trail=[],
            revision=1,
        )


def test_impact_of__first_look__asks_a_worker_once(recording):
    change = create_change()
    run, again = impact_of(change, now=NOW), impact_of(change, now=NOW)
    assert run == again and run.state_value is ImpactState.WAITING
    assert recording == [run.pk]


def test_impact_of__nothing_records__is_none(monkeypatch):
    monkeypatch.setattr(recorded, "_plugged", {})
    assert impact_of(create_change(), now=NOW) is None


def test_run_impact__keeps_what_it_found_for_the_two_digests(recording):
    refuse(3)
    change = create_change()
    run = impact_of(change, now=NOW)
    run_impact(run_id=run.pk)
    kept = impact_of(change, now=NOW)
    assert kept.report is not None
    assert (kept.state_value, kept.report["sample"], kept.report["opened"]) == (ImpactState.DONE, 3, 3)
    run_impact(run_id=run.pk)
    assert recording == [run.pk]


def test_run_impact__change_edited_meanwhile__is_cancelled_and_the_new_one_asked_for(recording):
    change = create_change()
    run = impact_of(change, now=NOW)
    stage_policy(change, change.author, "scanners", networks=["10.9.0.0/16"])
    run_impact(run_id=run.pk)
    run.refresh_from_db()
    assert run.state_value is ImpactState.CANCELLED and "edited" in run.sentence
    other = impact_of(change, now=NOW)
    assert other != run and recording == [run.pk, other.pk]


def test_run_impact__edited_while_it_goes_on__ends_there(recording, monkeypatch):
    refuse(600)
    change = create_change()
    run = impact_of(change, now=NOW)
    monkeypatch.setattr("mailconsole.changes.impact.replay.TELL_EVERY_S", -1)
    told = []

    def edit_then_tell(one, done, total):
        told.append((done, total))
        if done:
            stage_policy(change, change.author, "scanners", networks=["10.9.0.0/16"])
        tell(one, done, total)

    tell = impact._tell
    monkeypatch.setattr(impact, "_tell", edit_then_tell)
    run_impact(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state_value, run.done, told) == (ImpactState.CANCELLED, 0, [(0, 600), (256, 600)])


def test_run_impact__another_revision_published__is_cancelled():
    change = create_change()
    run = impact_of(change, now=NOW)
    publish_policy(name="Other")
    run_impact(run_id=run.pk)
    run.refresh_from_db()
    assert run.state_value is ImpactState.CANCELLED


def test_run_impact__fails__says_so_without_a_traceback(monkeypatch):
    run = impact_of(create_change(), now=NOW)
    monkeypatch.setattr(impact, "replay", lambda *_, **__: 1 / 0)
    run_impact(run_id=run.pk)
    run.refresh_from_db()
    assert run.state_value is ImpactState.FAILED and "log" in run.sentence


def test_impact_of__redis_away__says_so_and_asks_again_later(monkeypatch):
    def away(*_, **__):
        raise ConnectionError("no")

    monkeypatch.setattr(current_app, "send_task", away)
    change = create_change()
    assert impact_of(change, now=NOW).sentence == impact.NOT_ASKED
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    assert impact_of(change, now=NOW + timedelta(seconds=30)).sentence == impact.NOBODY_BEGAN


def test_impact_of__worker_that_ended__is_said():
    change = create_change()
    run = impact_of(change, now=NOW)
    ImpactRun.objects.filter(pk=run.pk).update(state=ImpactState.RUNNING)
    found = impact_of(change, now=NOW + timedelta(minutes=1))
    assert (found.state_value, found.sentence) == (ImpactState.FAILED, impact.WORKER_ENDED)


def test_run_impact__while_another_goes_on__waits_and_is_begun_at_its_end(recording, monkeypatch):
    first, second = (impact_of(create_change(name=name), now=NOW) for name in ("A", "B"))
    seen: list[str] = []

    def meanwhile(sample, **_):
        run_impact(run_id=second.pk)
        seen.extend(ImpactRun.objects.order_by("pk").values_list("state", flat=True))
        return replay(sample, **_)

    monkeypatch.setattr(impact, "replay", meanwhile)
    run_impact(run_id=first.pk)
    assert seen == [ImpactState.RUNNING, ImpactState.WAITING]
    assert recording == [first.pk, second.pk, second.pk]
    monkeypatch.setattr(impact, "replay", replay)
    run_impact(run_id=recording.pop())
    assert set(ImpactRun.objects.values_list("state", flat=True)) == {ImpactState.DONE}


def test_impact_of__while_another_goes_on__says_so_and_asks_nobody_again(recording):
    first, change = impact_of(create_change(name="A"), now=NOW), create_change(name="B")
    later = NOW + timedelta(seconds=25)
    second = impact_of(change, now=NOW)
    ImpactRun.objects.filter(pk=first.pk).update(state=ImpactState.RUNNING, told_at=later)
    found = impact_of(change, now=later)
    assert (found.state_value, found.sentence) == (ImpactState.WAITING, impact.ANOTHER_FIRST)
    assert recording == [first.pk, second.pk]


def test_run_impact__worker_of_another_that_ended__keeps_nobody_waiting(recording):
    first, change = impact_of(create_change(name="A"), now=NOW), create_change(name="B")
    second = impact_of(change, now=NOW)
    ImpactRun.objects.filter(pk=first.pk).update(state=ImpactState.RUNNING, told_at=NOW - timedelta(minutes=1))
    assert impact_of(change, now=NOW + timedelta(seconds=25)).sentence == impact.NOBODY_BEGAN
    assert recording == [first.pk, second.pk, second.pk]
    run_impact(run_id=second.pk)
    states = dict(ImpactRun.objects.values_list("pk", "state"))
    assert states == {first.pk: ImpactState.FAILED, second.pk: ImpactState.DONE}


def test_impact_of__old_result__is_replayed_anew(recording):
    change = create_change()
    run = impact_of(change, now=NOW)
    run_impact(run_id=run.pk)
    assert impact_of(change, now=NOW + timedelta(days=2)).state_value is ImpactState.WAITING
    assert recording == [run.pk, run.pk]


def test_impact_of__report_of_another_version__is_shown_to_nobody_and_replayed_anew(recording):
    refuse()
    change = create_change()
    run_impact(run_id=impact_of(change, now=NOW).pk)
    run = impact_of(change, now=NOW)
    ImpactRun.objects.update(report={"format": 2, "groupings": "who is in it"})
    asked = Api(create_viewer())("GET", f"/changes/{change.pk}/impact").json()
    assert (asked["state"], asked["report"], recording) == ("waiting", None, [run.pk, run.pk])


def test_page__while_it_goes_on__asks_again_by_itself_and_shows_how_far():
    change = create_change(ChangeState.IN_REVIEW)
    browser = signed_in(create_reviewer())
    assert (
        f'hx-get="/changes/{change.pk}/impact/?days=7&amp;by=" hx-trigger="every 1s"'
        in browser.get(f"/changes/{change.pk}/").content.decode()
    )
    ImpactRun.objects.update(state=ImpactState.RUNNING, done=500, total=2000)
    part = browser.get(f"/changes/{change.pk}/impact/", headers={"HX-Request": "true"}).content.decode()
    assert "500 of 2,000" in part and 'value="25"' in part and "<html" not in part


def test_page__done__shows_the_groups_by_what_is_asked_for():
    refuse()
    change = create_change(ChangeState.IN_REVIEW)
    run_impact(run_id=impact_of(change, now=NOW).pk)
    browser = signed_in(create_reviewer())
    page = browser.get(f"/changes/{change.pk}/").content.decode()
    assert "<strong>1 of 1</strong> recorded attempts" in page and "every 1s" not in page
    assert "refused: 550 5.7.1 Unable to relay" in page
    by_rule = browser.get(f"/changes/{change.pk}/impact/?by=rule").content.decode()
    assert "Relay policy Scanners" in by_rule and "<html" in by_rule


def test_page__other_window__is_a_replay_of_its_own_that_says_its_days(recording):
    refuse()
    change = create_change(ChangeState.IN_REVIEW)
    browser = signed_in(create_reviewer())
    address = f"/changes/{change.pk}/impact/?days=1&by=rule"
    waiting = browser.get(address).content.decode()
    assert f'hx-get="/changes/{change.pk}/impact/?days=1&amp;by=rule" hx-trigger="every 1s"' in waiting
    run = ImpactRun.objects.get(window_days=1)
    run_impact(run_id=run.pk)
    page = browser.get(address).content.decode()
    assert "recorded attempts of the last day would" in page and "Relay policy Scanners" in page
    impact_of(change, now=NOW)
    assert recording == [run.pk, ImpactRun.objects.get(window_days=7).pk]
    ImpactRun.objects.update(asked_at=NOW - timedelta(hours=1))
    answer = browser.post(f"/changes/{change.pk}/impact/again/", {"days": "1", "by": "rule"})
    assert answer.headers["Location"] == f"/changes/{change.pk}/?days=1&by=rule#impact" and recording[2:] == [run.pk]


@pytest.mark.parametrize("days", ["0", "365", "x", "9" * 40, "²"])
def test_page__window_that_is_no_choice__is_the_usual_one(days):
    change = create_change(ChangeState.IN_REVIEW)
    signed_in(create_reviewer()).get(f"/changes/{change.pk}/impact/", {"days": days, "by": days})
    assert [one.window_days for one in ImpactRun.objects.all()] == [7]


def test_page__again__asks_a_worker_anew(recording):
    change = create_change(ChangeState.IN_REVIEW)
    run = impact_of(change, now=NOW - timedelta(minutes=1))
    run_impact(run_id=run.pk)
    answer = signed_in(create_reviewer()).post(f"/changes/{change.pk}/impact/again/")
    assert answer.status_code == 302 and recording == [run.pk, run.pk]


def test_page__again_within_a_minute__is_refused(recording):
    change = create_change(ChangeState.IN_REVIEW)
    run = impact_of(change, now=NOW - timedelta(seconds=59))
    run_impact(run_id=run.pk)
    page = signed_in(create_reviewer()).post(f"/changes/{change.pk}/impact/again/", follow=True).content.decode()
    assert "It was replayed less than a minute ago" in page and recording == [run.pk]


def test_page__again_by_get__is_refused():
    change = create_change()
    assert signed_in(create_reviewer()).get(f"/changes/{change.pk}/impact/again/").status_code == 405
