"""What is typed and not staged: kept for one person, in bounds, and forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailconsole.changes.models import KeptForm
from mailconsole.changes.refusals import NotAllowed, TooMuchToKeep
from mailconsole.changes.services import keep_form as service
from mailconsole.changes.services.keep_form import discard_kept, forget_kept, keep_form, kept_form
from mailconsole.changes.tasks import send_notices
from tests.mailconsole.changes.kit import NOW
from tests.support.factories import create_editor, create_reviewer

pytestmark = pytest.mark.django_db
KIND = "relay_policies"


def keep(person, object_id="", now=NOW, **said):
    return keep_form(person=person, kind=KIND, object_id=object_id, said=said, basis={}, now=now)


def test_keep__again__replaces_it_and_remembers_when_it_began():
    editor, later = create_editor(), NOW + timedelta(minutes=5)
    keep(editor, name="Sc")
    keep(editor, name="Scanners", now=later)
    kept = KeptForm.objects.get()
    assert (kept.said, kept.began_at, kept.kept_at) == ('{"name": "Scanners"}', NOW, later)


def test_keep__who_is_no_editor__is_refused():
    with pytest.raises(NotAllowed):
        keep(create_reviewer(), name="Scanners")
    assert not KeptForm.objects.exists()


def test_keep__more_than_64_kb__is_refused_and_leaves_what_was_kept():
    editor = create_editor()
    keep(editor, name="Scanners")
    with pytest.raises(TooMuchToKeep, match="64 KB"):
        keep(editor, name="x" * 64 * 1024)
    assert KeptForm.objects.get().said == '{"name": "Scanners"}'


def test_keep__null_and_half_a_surrogate_pair__come_back_as_they_were():
    kept = keep(create_editor(), name="a\0b\ud800")
    kept.refresh_from_db()
    assert kept.said == r'{"name": "a\u0000b\ud800"}'


def test_keep__more_than_the_number__lets_that_persons_oldest_go(monkeypatch):
    monkeypatch.setattr(service, "MAX_FORMS", 2)
    editor, other = create_editor(), create_editor()
    keep(other, "1", now=NOW - timedelta(days=1))
    for minute, object_id in enumerate("1234"):
        keep(editor, object_id, now=NOW + timedelta(minutes=minute))
    assert {one.object_id for one in KeptForm.objects.filter(person=editor)} == {"3", "4"}
    assert KeptForm.objects.filter(person=other).count() == 1


def test_kept__of_another_person_or_object__is_not_given_and_not_discarded():
    editor, other = create_editor(), create_editor()
    keep(editor, "scanners")
    assert kept_form(other, KIND, "scanners", now=NOW) is None
    assert kept_form(editor, KIND, "", now=NOW) is None
    discard_kept(person=other, kind=KIND, object_id="scanners")
    assert kept_form(editor, KIND, "scanners", now=NOW) is not None
    discard_kept(person=editor, kind=KIND, object_id="scanners")
    assert kept_form(editor, KIND, "scanners", now=NOW) is None


def test_kept__after_30_days__is_not_given_and_forgotten_by_housekeeping():
    editor, over = create_editor(), NOW + timedelta(days=30, seconds=1)
    keep(editor, "1")
    assert kept_form(editor, KIND, "1", now=over) is None
    forget_kept(NOW + timedelta(days=30))
    assert KeptForm.objects.count() == 1
    forget_kept(over)
    assert not KeptForm.objects.exists()


def test_housekeeping__task_of_notices__forgets_what_is_old():
    keep(create_editor(), "1", now=NOW - timedelta(days=3650))
    send_notices()
    assert not KeptForm.objects.exists()
