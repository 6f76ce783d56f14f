"""Three-way merge: what both sides changed, differently, is a conflict; everything else goes together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.transport.config.documents import SCANNERS, changed, document, documents
from transport.config import diff
from transport.config import document as documented
from transport.config.document import MailFlow, identity
from transport.config.merge import merge, merge_changes

BASE = document(relay_policies=[SCANNERS])
MORE = ["10.1.0.0/16", "10.2.0.0/16"]


def policy(**fields: object) -> MailFlow:
    return document(relay_policies=[changed(SCANNERS, **fields)])


@settings(max_examples=40, deadline=None)
@given(documents, documents)
def test_merge__only_one_side_changed__is_that_side(base: MailFlow, other: MailFlow) -> None:
    assert merge(base=base, head=base, draft=other).document == other
    assert merge(base=base, head=other, draft=base).document == other
    assert merge(base=base, head=other, draft=other).document == other


def test_merge__different_fields_of_one_object__go_together() -> None:
    merged = merge(base=BASE, head=policy(owner="IT"), draft=policy(networks=MORE))
    assert merged.conflicts == ()
    assert merged.document == policy(owner="IT", networks=MORE)


def test_merge__same_field_differently__conflicts() -> None:
    merged = merge(base=BASE, head=policy(networks=["192.0.2.1"], owner="IT"), draft=policy(networks=MORE))
    assert merged.document is None
    (conflict,) = merged.conflicts
    assert (conflict.kind, conflict.object_id, conflict.field) == ("relay_policies", "scanners", "networks")
    assert (conflict.base, conflict.head, conflict.draft) == (["10.1.0.0/16"], ["192.0.2.1"], MORE)


def test_merge__same_field_alike__is_no_conflict() -> None:
    merged = merge(base=BASE, head=policy(networks=MORE), draft=policy(networks=MORE, owner="IT"))
    assert merged.document == policy(networks=MORE, owner="IT")


def test_merge__changed_here_deleted_there__conflicts_about_the_object() -> None:
    for head, draft in ((document(), policy(owner="IT")), (policy(owner="IT"), document())):
        (conflict,) = merge(base=BASE, head=head, draft=draft).conflicts
        assert conflict.field == ""


def test_merge__deleted_on_both_sides__is_no_conflict() -> None:
    assert merge(base=BASE, head=document(), draft=document()).document == document()


def test_merge__made_on_both_sides_differently__conflicts() -> None:
    (conflict,) = merge(base=document(), head=policy(owner="IT"), draft=BASE).conflicts
    assert (conflict.base, conflict.field) == (None, "")


def test_merge__of_many_changes__reads_the_section_a_few_times_and_not_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = document(ip_block_list=[{"network": f"10.0.{n // 250}.{n % 250}"} for n in range(1000)])
    draft = document(ip_block_list=[{"network": one.network, "comment": "x"} for one in base.ip_block_list[:100]])
    changes = diff.diff(base, draft)
    asked: list[str] = []

    def counted(kind: str, item: object) -> str:
        asked.append(kind)
        return identity(kind, item)

    for module in (diff, documented):
        monkeypatch.setattr(module, "identity", counted)
    assert merge_changes(changes, head=base).document == draft
    assert len(changes) == 1000
    assert len(asked) < 20 * 1000
    del asked[:]
    MailFlow.model_validate({"ip_block_list": base.ip_block_list})
    assert len(asked) == 1000
