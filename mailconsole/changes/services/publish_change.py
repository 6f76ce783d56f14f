"""Put an approved change into effect: one transaction, whole or not at all (law 4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.approvals import check_approvals
from mailconsole.changes.services.ground import (
    check_arrow,
    check_digest,
    go,
    locked,
    note,
    prolonged_by,
    require,
    require_reach,
)
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.services.revisions import lock_head, store_revision
from mailconsole.changes.services.submit_change import check_end, check_plan
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import Arrow, News, Way
from transport.config.words import plain


@transaction.atomic
def publish_change(
    *, change: Change, actor: User, now: datetime, digest: str | None = None, request: HttpRequest | None = None
) -> Revision:
    """The new head. `digest`, where given, is that of what the publisher saw.

    Raises NotAllowed, WrongState, DigestMoved, NotApproved, Conflict, InvalidDocument, NothingToSubmit.
    """
    require(actor, Role.REVIEWER)
    change = locked(change)
    check_arrow(change, Arrow.PUBLISH)
    if digest is not None:
        check_digest(change, digest)

    def check(plan: Plan) -> str:
        check_approvals(change, plan, now=now)
        require_reach(actor, Role.REVIEWER, (*plan.changes, *prolonged_by(change)))
        return ""

    return put_into_effect(
        change, actor=actor, arrow=Arrow.PUBLISH, way=Way.REVIEWED, now=now, request=request, check=check
    )


def put_into_effect(
    change: Change,
    *,
    actor: User | None,
    arrow: Arrow,
    way: Way,
    now: datetime,
    request: HttpRequest | None,
    reason: str = "",
    check: Callable[[Plan], str] | None = None,
) -> Revision:
    """Lock the head, merge, validate, write the revision, follow the arrow, audit; in the caller's transaction.

    ``check`` refuses by what the head, locked, says of the plan; it may give the reason to keep.
    """
    head = lock_head()
    plan = plan_change(change, now=now)
    check_plan(change, plan)
    check_end(change, now=now)
    assert plan.document is not None  # check_plan refused conflicts
    reason = (check(plan) if check is not None else "") or reason
    revision = store_revision(
        head=head,
        document=plan.document,
        way=way,
        now=now,
        change=change,
        author=change.author,
        published_by=actor,
        reason=reason or change.reason,
    )
    go(change, arrow, now=now, is_review_owed=way is Way.BREAK_GLASS, ends_at=change.expires_at, publish_at=None,
       schedule_problem="")  # fmt: skip
    if change.prolongs_id is not None:
        Change.objects.filter(pk=change.prolongs_id, ended_at=None).update(ends_at=change.prolonged_to, updated_at=now)
    if way is Way.REVIEWED:
        text = f"“{change.title}” is published as revision {revision}"
        tell(News.PUBLISHED, change, [change.author], text, by=actor, now=now)
    _note(change, revision, plan, actor=actor, arrow=arrow, now=now, request=request, reason=reason)
    return revision


def _note(
    change: Change,
    revision: Revision,
    plan: Plan,
    *,
    actor: User | None,
    arrow: Arrow,
    now: datetime,
    request: HttpRequest | None,
    reason: str,
) -> None:
    note(
        actor,
        arrow.past,
        change,
        f"Published “{change.title}” as revision {revision}. {Way(revision.way).sentence}",
        now=now,
        request=request,
        reason=reason or change.reason,
        before={"revision": plan.head.number, "digest": plan.head.digest},
        after={"revision": revision.number, "digest": revision.digest, "plan": plain(plan.sentences)},
    )
