"""`config plan`: what a file or a change would do, its impact on recent traffic included. Changes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.changes import recorded
from mailconsole.changes.cli.files import problem_line, read_text
from mailconsole.changes.impact.answer import Aspect
from mailconsole.changes.impact.report import Report
from mailconsole.changes.models import Change
from mailconsole.changes.services.group_directory import GroupDirectory
from mailconsole.changes.services.impact import replay_plan
from mailconsole.changes.services.plan import Plan, plan_change, plan_items
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.templatetags.words import wire
from transport.config import text
from transport.config.diff import diff
from transport.rules.approval import demands_of

Write = Callable[[str], Any]
Options = dict[str, Any]
SHOWN = 20
HIDDEN = "asks who is in a group that hides its members"


def plan(options: Options, write: Write) -> None:
    """Ends with an error where the file could not be applied, so that a merge request fails."""
    now, place = timezone.now(), options["file"] or f"change {options['change']}"
    planned = _planned(options, now)
    report = _impact(planned, now, options["days"]) if options["impact"] else None
    if options["json"]:
        write(json.dumps(_as_json(planned, report), indent=2))
    else:
        _write(planned, report, options["days"], write)
    _check(place, planned)


def _planned(options: Options, now: datetime) -> Plan:
    if (options["file"] is None) == (options["change"] is None):
        raise CommandError("Say what to plan: a FILE, or --change N.")
    if options["change"] is not None:
        change = Change.objects.select_related("author", "base").filter(pk=options["change"]).first()
        if change is None:
            raise CommandError(f"There is no change {options['change']}.")
        return plan_change(change, now=now)
    head = head_revision()
    before = load_document(head)
    items = diff(before, text.load(read_text(options["file"]), onto=before))
    return plan_items(items, head=head, digest="", now=now)


def _impact(planned: Plan, now: datetime, days: int) -> Report | None:
    if planned.document is None or not planned.changes or recorded.decisions() is None:
        return None
    report = replay_plan(planned, now=now, days=days, tell=_bar if sys.stderr.isatty() else lambda done, total: None)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    return report


def _bar(done: int, total: int) -> None:
    part = done / total if total else 1.0
    sys.stderr.write(f"\rReplaying recent traffic [{'#' * round(30 * part):<30}] {done:,} of {total:,}")
    sys.stderr.flush()


def _write(planned: Plan, report: Report | None, days: int, write: Write) -> None:
    if planned.is_empty:
        write(f"Nothing to change: it is as revision {planned.head} says.")
        return
    write(f"Plan, against revision {planned.head}:")
    for sentence in planned.sentences:
        write(f"  {sentence}")
    for problem in planned.problems:
        if problem not in planned.errors:
            write(f"  {problem_line(problem, planned.document or planned.head_document)}")
    if report is not None:
        for line in _report_lines(report, days):
            write(line)


def _report_lines(report: Report, days: int) -> list[str]:
    lines = [
        f"Impact: {report.count:,} of {report.sample:,} attempts of the last {days} days would get another "
        f"answer ({report.how}).",
        "  " + ", ".join(f"{one.label.lower()} {report.counts.get(one.value, 0):,}" for one in Aspect),
    ]
    groups = report.grouping("rule").groups
    lines += [
        f"  {group.count:>7,}  {wire(group.label)}: {wire(group.before)} -> {wire(group.after)}"
        for group in groups[:SHOWN]
    ]
    lines += [f"  Can't be told of {count:,}: mail flow rule {wire(name)}" for name, count in report.untold.items()]
    lines += [
        f"  Not told of {count:,}: mail flow rule {wire(name)} {HIDDEN}"
        for name, count in report.withheld_rules.items()
    ]
    lines += [
        f"  Can't be told of {count:,}: the list of {wire(name)} was not asked about them"
        for name, count in report.unanswered.items()
    ]
    lines += [f"  Not shown by a replay: {wire(one)}" for one in report.unseen]
    if report.withheld:
        lines.append(f"  Not told of {report.withheld:,}: the recipient {HIDDEN}")
    return lines


def _as_json(planned: Plan, report: Report | None) -> dict[str, Any]:
    return {
        "digest": planned.digest or None,
        "head": planned.head.number,
        "sentences": [str(sentence) for sentence in planned.sentences],
        "problems": [str(problem_line(one, planned.document or planned.head_document)) for one in planned.problems],
        "conflicts": [f"{one.kind}[{one.name}].{one.field}" for one in planned.conflicts],
        "needs": _needs(planned),
        "is_applicable": not planned.errors and not planned.conflicts,
        "impact": report.to_json() if report is not None else None,
    }


def _needs(planned: Plan) -> list[dict[str, Any]]:
    """Who has to agree, by the approval rules in effect."""
    needs = demands_of(planned.changes, planned.head_document, now=timezone.now(), lookup=GroupDirectory()).needs
    return [{"approvals": one.approvals, "group": one.group.id if one.group else None, "reasons": one.reasons}
            for one in needs]  # fmt: skip


def _check(place: str, planned: Plan) -> None:
    shown = planned.document or planned.head_document
    wrong = [f"{place}: {problem_line(one, shown)}" for one in planned.errors]
    wrong += [f"{place}: conflict: {one.kind}[{one.name}].{one.field}" for one in planned.conflicts]
    if wrong:
        raise CommandError("\n".join(wrong))
