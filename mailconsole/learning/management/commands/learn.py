"""`learn`: who sends through a receive connector, and what of it becomes draft relay policies."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.audit.terminal import TerminalCommand
from mailconsole.changes.cli.write import actor_of
from mailconsole.changes.models import Change
from mailconsole.common.refusals import Refusal
from mailconsole.common.templatetags.words import wire
from mailconsole.learning.services.draft_learned import Wish, draft_chosen
from mailconsole.learning.services.draft_refusal import draft_refusal
from mailconsole.learning.services.learned import Learned, learning_of
from mailconsole.learning.services.windows import start_learning, stop_learning
from mailconsole.learning.shown import learned_json, learning_json, refusal_json
from mailconsole.tracking.models import Refusal as RefusalRow
from mailconsole.tracking.services.refusals import RefusalQuery, search_refusals
from transport.model.verdict import Stage

Options = dict[str, Any]


class Command(TerminalCommand):
    help = "Learn who sends through a receive connector, and draft relay policies of it or of a refusal."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        start = _verb(verbs, "start", "begin a learning window; 30 days together at most", self._start)
        start.add_argument("connector", metavar="CONNECTOR", help="the id of a receive connector")
        start.add_argument("--back", type=int, default=7, metavar="DAYS", help="look at these days too (default: 7)")
        start.add_argument("--ahead", type=int, default=7, metavar="DAYS", help="and go on for these (default: 7)")
        stop = _verb(verbs, "stop", "end the window that goes on", self._stop)
        stop.add_argument("connector", metavar="CONNECTOR")
        show = verbs.add_parser("show", help="list the clients of its window, each with a key")
        show.add_argument("connector", metavar="CONNECTOR")
        show.add_argument("--json", action="store_true", help="for programs")
        show.set_defaults(act=self._show)
        self._add_drafts(verbs)

    def _add_drafts(self, verbs: Any) -> None:
        draft = _verb(verbs, "draft", "draft a relay policy of each of these clients", self._draft)
        draft.add_argument("connector", metavar="CONNECTOR")
        draft.add_argument("keys", metavar="KEY", nargs="+", help="as learn show prints it")
        draft.add_argument("--purpose", required=True, help="why they relay")
        draft.add_argument("--anywhere", action="store_true", help="not only to the domains that they sent to")
        draft.add_argument("--network", action="append", default=[], metavar="KEY",
                           help="take its suggested networks, not its addresses; may be repeated")  # fmt: skip
        refusals = verbs.add_parser("refusals", help="list the newest refused recipients, each with its number")
        for name in ("peer", "sender", "recipient"):
            refusals.add_argument(f"--{name}", default="", metavar="ADDRESS" if name == "peer" else "ADDRESS|DOMAIN")
        refusals.add_argument("--limit", type=int, default=20, metavar="N")
        refusals.add_argument("--json", action="store_true", help="for programs")
        refusals.set_defaults(act=self._refusals)
        one = _verb(verbs, "draft-refusal", "draft a relay policy that would have admitted a refusal", self._of_refusal)
        one.add_argument("number", type=int, metavar="N", help="as learn refusals prints it")
        one.add_argument("--purpose", default="", help="why it relays (default: that it was refused)")
        for parser in (draft, one):
            parser.add_argument("--owner", default="", help="who is asked about it (default: that person)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            options["act"](options, timezone.now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _start(self, options: Options, now: datetime) -> None:
        if min(options["back"], options["ahead"]) < 0:
            raise CommandError("Days are no less than 0.")
        back, ahead = (timedelta(days=min(options[name], 30)) for name in ("back", "ahead"))
        window = start_learning(
            actor=actor_of(options["user"]), connector_id=options["connector"], back=back, ahead=ahead, now=now
        )
        self.stdout.write(f"It learns from {window.begins_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC.")

    def _stop(self, options: Options, now: datetime) -> None:
        stop_learning(actor=actor_of(options["user"]), connector_id=options["connector"], now=now)
        self.stdout.write("The window is ended. What was seen stays as long as the trace keeps it.")

    def _show(self, options: Options, now: datetime) -> None:
        found = learning_of(options["connector"], now=now)
        if options["json"]:
            self.stdout.write(json.dumps(learning_json(found, now=now), indent=2))
            return
        for one in found.lesson.learned:
            self.stdout.write(wire(_line(one)))
        self.stdout.write(f"{len(found.lesson.learned)} of {found.lesson.observed.messages} messages and "
                          f"{found.lesson.observed.refusals} refused recipients.")  # fmt: skip

    def _draft(self, options: Options, now: datetime) -> None:
        actor = actor_of(options["user"])
        wish = Wish(
            options["owner"] or str(actor)[:64],
            options["purpose"],
            not options["anywhere"],
            frozenset(options["network"]),
        )
        keys = options["keys"]
        self._say(draft_chosen(actor=actor, connector_id=options["connector"], keys=keys, wish=wish, now=now))

    def _refusals(self, options: Options, now: datetime) -> None:
        query = RefusalQuery(options["peer"], options["sender"], options["recipient"], stage=Stage.RCPT.value)
        for one in search_refusals(query, size=max(1, min(options["limit"], 1000))).refusals:
            said = f"{one.peer}  {one.sender or '<>'} to {one.recipient}: {one.reply}"
            line = wire(f"{one.pk:>8}  {one.received_at:%Y-%m-%d %H:%M:%S}Z  {said}")
            self.stdout.write(json.dumps(refusal_json(one)) if options["json"] else line)

    def _of_refusal(self, options: Options, now: datetime) -> None:
        actor, found = actor_of(options["user"]), RefusalRow.objects.filter(pk=options["number"]).first()
        if found is None:
            raise CommandError(f"There is no refusal {options['number']}.")
        owner = options["owner"] or str(actor)[:64]
        self._say(draft_refusal(actor=actor, refusal=found, owner=owner, purpose=options["purpose"], now=now))

    def _say(self, change: Change) -> None:
        self.stdout.write(f"Staged in draft {change.pk}, “{change.title}”. Nothing of it is in effect.")


def _verb(verbs: Any, name: str, words: str, act: Callable[[Options, datetime], None]) -> ArgumentParser:
    """One that a person does."""
    parser: ArgumentParser = verbs.add_parser(name, help=words)
    parser.add_argument("--as", dest="user", metavar="USER", help="whose doing it is (default: MAILCONSOLE_USER)")
    parser.set_defaults(act=act)
    return parser


def _line(one: Learned) -> str:
    said = learned_json(one)
    senders, recipients = (", ".join(said[name]) or "<>" for name in ("sender_domains", "recipient_domains"))
    more = f" (suggested: {', '.join(said['suggested_networks'])})" if said["suggested_networks"] else ""
    today = (
        "refused" if said["is_refused"] else f"admitted by {said['admitted_by']}" if said["admitted_by"] else "accepted"
    )
    where = f"{', '.join(said['networks'])}{more}"
    return f"{one.key}  {where}  as {senders} to {recipients}  {said['recipients']} recipients  {today}"
