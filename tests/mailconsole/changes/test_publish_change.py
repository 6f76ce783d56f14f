"""Publishing: one transaction, whole or not at all, and nodes told only once it is committed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from mailconsole.accounts.models import User
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Revision
from mailconsole.changes.refusals import Conflict, DigestMoved, InvalidDocument, NotAllowed, NotApproved, WrongState
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.states import ChangeState, Way
from mailconsole.common.refusals import Refusal
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import create_administrator, create_editor, create_reviewer

pytestmark = pytest.mark.django_db
APPROVED = ChangeState.APPROVED


def publish(change, actor=None, **more):
    return publish_change(change=change, actor=actor or create_reviewer(), now=NOW, **more)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    numbers: list[int] = []
    monkeypatch.setattr("mailconsole.nodes.dispatch.configuration_published", numbers.append)
    return numbers


def test_publish__approved_change__is_the_next_revision(told, django_capture_on_commit_callbacks):
    change = create_change(APPROVED)
    with django_capture_on_commit_callbacks(execute=True):
        revision = publish(change)
        assert told == []
    assert told == [revision.number]
    assert (revision.number, revision.way, revision.change) == (2, Way.REVIEWED, change)
    assert [policy.name for policy in load_document(head_revision()).relay_policies] == ["Scanners"]
    assert reloaded(change).status is ChangeState.PUBLISHED
    entry = AuditEntry.objects.get(action="change.published")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["revision"], entry.after["revision"]) == (1, 2)


def test_publish__other_fields_moved_meanwhile__go_together():
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="IT")
    publish_policy("scanners", purpose="Scan and print")
    submit_change(change=change, actor=author, now=NOW)
    approve_change(change=change, actor=create_reviewer(), digest=digest_of(change), now=NOW)
    publish(change)
    (policy,) = load_document(head_revision()).relay_policies
    assert (policy.owner, policy.purpose) == ("IT", "Scan and print")


def approved_edit(**fields):
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", **fields)
    submit_change(change=change, actor=author, now=NOW)
    approve_change(change=change, actor=create_reviewer(), digest=digest_of(change), now=NOW)
    return reloaded(change)


def test_publish__base_moved__refuses_with_conflict():
    publish_policy()
    change = approved_edit(owner="IT")
    publish_policy("scanners", owner="Print room")
    before = Revision.objects.count()
    with pytest.raises(Conflict):
        publish(change)
    assert Revision.objects.count() == before
    assert reloaded(change).status is APPROVED


def test_publish__invalid_together_with_the_head__refuses():
    one, two = create_change(APPROVED), create_change(APPROVED, networks=["10.9.0.0/16"], name="SCANNERS ")
    publish(one)
    with pytest.raises((Conflict, InvalidDocument)):
        publish(two)


def test_publish__reviewer_lost_the_role_or_left__refuses():
    for spoil in (lambda person: person.groups.clear(), lambda person: User.objects.update(is_active=False)):
        reviewer = create_reviewer()
        change = create_change(APPROVED, reviewer=reviewer)
        spoil(reviewer)
        with pytest.raises(NotApproved):
            publish(change)


def test_publish__items_changed_behind_the_services__refuses():
    change = create_change(APPROVED)
    item = change.items.get()
    item.after = (item.after or {}) | {"networks": ["10.0.0.0/16"]}
    item.save()
    with pytest.raises(NotApproved):
        publish(change)


def test_publish__seen_another_digest__refuses():
    with pytest.raises(DigestMoved):
        publish(create_change(APPROVED), digest="0" * 64)


@pytest.mark.parametrize("state", [ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.PUBLISHED])
def test_publish__wrong_state__refuses(state):
    with pytest.raises(WrongState):
        publish(create_change(state), create_administrator())


def test_publish__editor__refuses():
    with pytest.raises(NotAllowed):
        publish(create_change(APPROVED), create_editor())


def together(*acts: Callable[[], object]) -> list[object]:
    """Run the acts in threads that begin at once; what each returned or raised."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            gate.wait(timeout=10)
            results[place] = act()
        except Refusal as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


@pytest.mark.django_db(transaction=True)
def test_publish__same_change_twice_at_once__exactly_one_wins():
    change, reviewer = create_change(APPROVED), create_reviewer()
    results = together(*[lambda: publish(reloaded(change), reviewer)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["Revision", "WrongState"]
    assert Revision.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_publish__two_changes_of_one_field_at_once__exactly_one_wins():
    publish_policy()
    one, two, reviewer = approved_edit(owner="IT"), approved_edit(owner="Print room"), create_reviewer()
    results = together(lambda: publish(reloaded(one), reviewer), lambda: publish(reloaded(two), reviewer))
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Revision"]
    assert Revision.objects.count() == 3
