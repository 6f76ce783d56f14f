import json
import threading

import pytest
from django.db import close_old_connections, connection

from mailconsole.audit import services
from mailconsole.audit.chain import ChainCheck, check_copy, entry_digest
from mailconsole.audit.models import AuditEntry, AuditHead, AuditImmutable
from mailconsole.audit.read import rows_of
from tests.support import factories


def record(number: int = 0, **fields):
    return services.record(
        actor=None, action="test.done", object_kind="test", object_id=str(number), summary=f"Test {number}", **fields
    )


@pytest.mark.django_db
def test_record__two_entries__are_chained_and_whole():
    first = record(1)
    second = record(2, before={"a": 1}, after={"a": 2}, reason="because")
    assert second.number == first.number + 1
    assert second.previous_digest == first.digest
    assert services.verify_chain() == ChainCheck(2, "")


@pytest.mark.django_db
def test_record__texts_that_postgresql_refuses__are_kept_without_what_it_refuses():
    entry = record(1, before={"a\0": ["b\0"]}, after="\ud800", reason="because\0")
    entry.refresh_from_db()
    assert (entry.before, entry.after, entry.reason) == ({"a\ufffd": ["b\ufffd"]}, "\ufffd", "because\ufffd")
    assert services.verify_chain() == ChainCheck(1, "")


@pytest.mark.django_db
def test_record__by_a_person__names_them():
    editor = factories.create_editor(username="erin")
    entry = services.record(actor=editor, action="a.b", object_kind="k", object_id="1", summary="s")
    assert (entry.actor_name, entry.actor_id) == ("erin", editor.pk)


@pytest.mark.django_db
def test_verify__an_entry_changed_behind_our_back__names_it():
    record(1)
    record(2)
    AuditEntry.objects.filter(number=1).update(summary="Nothing happened")
    assert services.verify_chain().problem == "Entry 1 was changed after it was written."


@pytest.mark.django_db
@pytest.mark.parametrize(("gone", "says"), [(1, "Entry 1 is missing"), (2, "ends at entry 1, but entry 2")])
def test_verify__an_entry_taken_out__is_noticed(gone, says):
    record(1)
    record(2)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditentry WHERE number = %s", [gone])
    assert says in services.verify_chain().problem


@pytest.mark.django_db
def test_verify__entries_cut_off_and_the_end_with_them__is_noticed():
    record(1)
    AuditHead.objects.all().delete()
    assert services.verify_chain().problem.endswith("or the end is not kept any more.")


@pytest.mark.django_db
def test_verify__the_whole_chain_written_anew__is_noticed():
    record(1)
    AuditEntry.objects.filter(number=1).update(summary="Nothing happened")
    row = services._said(AuditEntry.objects.values().get())
    AuditEntry.objects.filter(number=1).update(digest=entry_digest("", row))
    assert services.verify_chain().problem == "Entry 1 is another than the one that was written."


def copy_of(*numbers):
    for number in range(1, max(numbers) + 1):
        record(number)
    return list(rows_of(AuditEntry.objects.filter(number__in=numbers)))


@pytest.mark.django_db
def test_copy__as_it_was_exported__is_whole_and_says_what_it_lacks():
    rows = json.loads(json.dumps(copy_of(1, 2, 5)))
    assert check_copy(rows) == ChainCheck(3, "", missing=2)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["at", "actor_name", "summary", "peer", "previous_digest", "number"])
def test_copy__one_field_changed__names_the_entry(field):
    (row,) = copy_of(1)
    changed = row | {field: 7 if field == "number" else "x"}
    assert "is not as it was written" in check_copy([changed]).problem


@pytest.mark.django_db
def test_copy__an_entry_put_in_or_twice__is_noticed():
    rows = copy_of(1, 2)
    forged = rows[0] | {"previous_digest": "x" * 64}
    forged["digest"] = entry_digest(forged["previous_digest"], forged)
    assert check_copy([forged, rows[1]]).problem == "Entry 2 does not follow the entry 1 of this copy."
    assert check_copy([rows[0], rows[0]]).problem == "Entry 2 is there twice."


@pytest.mark.django_db
def test_entry__changed_or_deleted_in_code__refuses():
    entry = record()
    entry.summary = "Other"
    with pytest.raises(AuditImmutable):
        entry.save()
    with pytest.raises(AuditImmutable):
        entry.delete()


@pytest.mark.django_db(transaction=True)
def test_record__from_many_threads_at_once__never_forks():
    problems = []

    def write(thread: int) -> None:
        try:
            for number in range(10):
                record(thread * 100 + number)
        except Exception as problem:
            problems.append(problem)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert services.verify_chain() == ChainCheck(40, "")


def test_digest__of_an_entry_from_before_there_were_tokens_in_it__is_what_it_was():
    old = dict.fromkeys(("number", "at", "actor_name", "actor_id", "action", "object_kind", "object_id", "summary",
                         "reason", "before", "after", "peer", "request_id"))  # fmt: skip
    assert entry_digest("", old) == entry_digest("", old | {"via": ""}) != entry_digest("", old | {"via": "x"})
