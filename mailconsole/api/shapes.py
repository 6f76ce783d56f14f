"""Rows as the API gives them."""

from __future__ import annotations

from mailconsole.api.problems import conflict_json, problem_json
from mailconsole.api.schemas import (
    ChangeOut,
    ChangeRow,
    CommentOut,
    ForetoldOut,
    ImpactOut,
    ItemOut,
    NeedOut,
    PlanOut,
    ReviewOut,
    RevisionOut,
)
from mailconsole.changes.models import Change, ImpactRun, Revision
from mailconsole.changes.services.approvals import Approvals, Standing
from mailconsole.changes.services.ground import changes_of, digest_of
from mailconsole.changes.services.plan import Plan


def change_row(change: Change) -> ChangeRow:
    return ChangeRow(
        id=change.pk,
        title=change.title,
        author=change.author.username,
        state=change.state,
        is_review_owed=change.is_review_owed,
        updated_at=change.updated_at,
    )


def change_out(change: Change) -> ChangeOut:
    items = [ItemOut(kind=one.kind, object_id=one.object_id, before=one.before, after=one.after)
             for one in changes_of(change)]  # fmt: skip
    reviews = [
        ReviewOut(
            reviewer=one.reviewer.username,
            verdict=one.verdict,
            comment=one.comment,
            is_void=one.is_void,
            created_at=one.created_at,
        )
        for one in change.reviews.select_related("reviewer")
    ]
    comments = [
        CommentOut(
            author=one.author.username,
            text=one.text,
            kind=one.kind,
            object_id=one.object_id,
            created_at=one.created_at,
        )
        for one in change.comments.select_related("author")
    ]
    return ChangeOut(
        id=change.pk,
        title=change.title,
        reason=change.reason,
        ticket=change.ticket,
        author=change.author.username,
        state=change.state,
        base=change.base.number,
        revision=Revision.objects.filter(change=change).values_list("number", flat=True).first(),
        is_review_owed=change.is_review_owed,
        digest=digest_of(change),
        created_at=change.created_at,
        updated_at=change.updated_at,
        publish_at=change.publish_at,
        schedule_problem=change.schedule_problem,
        expires_at=change.expires_at,
        ends_at=change.ends_at,
        ended_at=change.ended_at,
        end_problem=change.end_problem,
        restores=change.restores_id,
        prolongs=change.prolongs_id,
        prolonged_to=change.prolonged_to,
        items=items,
        reviews=reviews,
        comments=comments,
    )


def plan_out(plan: Plan, approvals: Approvals) -> PlanOut:
    return PlanOut(
        digest=plan.digest,
        head=plan.head.number,
        sentences=[str(sentence) for sentence in plan.sentences],
        problems=[problem_json(one) for one in plan.problems],
        conflicts=[conflict_json(one) for one in plan.conflicts],
        needs=[_need_out(one) for one in approvals.standings],
        waived=list(approvals.demands.waived),
    )


def foretold_out(plan: Plan) -> ForetoldOut:
    return ForetoldOut(
        head=plan.head.number,
        sentences=[str(sentence) for sentence in plan.sentences],
        problems=[problem_json(one) for one in plan.problems],
        conflicts=[conflict_json(one) for one in plan.conflicts],
        is_applicable=not plan.errors and not plan.conflicts,
    )


def _need_out(standing: Standing) -> NeedOut:
    need = standing.need
    return NeedOut(
        approvals=need.approvals,
        group=need.group.id if need.group else None,
        given=list(standing.given),
        missing=standing.missing,
        reasons=need.reasons,
    )


def impact_out(run: ImpactRun) -> ImpactOut:
    sentence = run.sentence or run.state_value.sentence
    return ImpactOut(
        days=run.window_days, state=run.state, sentence=sentence, done=run.done, total=run.total, report=run.report
    )


def revision_out(revision: Revision) -> RevisionOut:
    return RevisionOut(
        number=revision.number,
        digest=revision.digest,
        parent=revision.parent.number if revision.parent else None,
        change=revision.change_id,
        author=revision.author.username if revision.author else None,
        published_by=revision.published_by.username if revision.published_by else None,
        way=revision.way,
        reason=revision.reason,
        created_at=revision.created_at,
    )
