"""`directory add|change|list|test|sync|who|find`: the directory's services at the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError
from django.utils import timezone

from directory.errors import DirectoryError
from directory.naming import base_dn_of
from directory.settings import Security
from directory.snapshot import Snapshot, SnapshotEntry
from mailconsole.audit.terminal import TerminalCommand
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.refusals import Refusal
from mailconsole.common.templatetags.words import wire
from mailconsole.recipients.known import open_directory
from mailconsole.recipients.management.source_options import (
    PASSWORD_VARIABLE,
    add_settings,
    password_of,
    set_settings,
)
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.services import sources
from mailconsole.recipients.services.check import run_test
from mailconsole.recipients.services.search import find_address
from mailconsole.recipients.services.snapshot import snapshot_folder
from mailconsole.recipients.services.sync import sync_source
from mailconsole.recipients.services.who_gets import Step, who_gets
from mailconsole.recipients.states import SyncState
from transport.config.types import parse_size
from transport.model.address import InvalidAddress


class Command(TerminalCommand):
    help = "Add, test and read directories (Active Directory), and look an address up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|change|list|test|sync|who|find")
        add = verbs.add_parser(
            "add", help=f"Add a directory; the password is asked for or read from {PASSWORD_VARIABLE}."
        )
        change = verbs.add_parser("change", help="Change a directory; what is not named stays as it is.")
        add.add_argument("name")
        change.add_argument("name")
        change.add_argument("--password", action="store_true", help="ask for a new bind password")
        for one in (add, change):
            add_settings(one)
        verbs.add_parser("list", help="List the directories and when they were last read.")
        for verb, words in (("test", "Test each step to each controller."), ("sync", "Read the directory now.")):
            parser_of = verbs.add_parser(verb, help=words)
            parser_of.add_argument("name", nargs="?", help="default: every enabled directory")
            if verb == "sync":
                parser_of.add_argument("--changes", action="store_true", help="only what changed since the last time")
        who = verbs.add_parser("who", help="Say who gets mail sent to an address, as a tree with the reasons.")
        who.add_argument("address")
        who.add_argument("--sender", default="", help="restrictions depend on it; default: the null sender")
        who.add_argument("--size", default="0", help="such as 30 MB; limits depend on it")
        who.add_argument("--signed-in", action="store_true", help="as if the sender had signed in")
        find = verbs.add_parser("find", help="Say what an address leads to, for people and for nodes.")
        find.add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except (Refusal, DirectoryError) as refusal:
            raise CommandError(str(refusal)) from refusal
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"The console's database is not ready ({error}): start it once with ./console up."
            ) from None

    def _add(self, options: dict[str, Any]) -> None:
        if DirectorySource.objects.filter(name=options["name"]).exists():
            raise CommandError(f"There is a directory {options['name']!r} already.")
        source = DirectorySource(name=options["name"], security=Security.LDAPS.value)
        set_settings(source, options)
        if not source.bind_user:
            raise CommandError("Say as whom to sign in: --bind-user.")
        password = password_of(source)
        if not source.base_dn:
            source.base_dn = base_dn_of(sources.settings_with(source, password))
            self.stdout.write(f"The directory calls its base {wire(source.base_dn)}.")
        sources.create_source(source=source, password=password, actor=None, now=timezone.now())
        self.stdout.write(f"Added the directory {source}. Try it with: directory test {source}")

    def _change(self, options: dict[str, Any]) -> None:
        (source,) = _sources(options["name"])
        had_password = source.has_password
        set_settings(source, options)
        is_new = source.has_password and (options["password"] or not had_password)
        password = password_of(source) if is_new else ""
        sources.update_source(source=source, password=password, actor=None, now=timezone.now())
        self.stdout.write(f"Changed the directory {source}. Try it with: directory test {source}")

    def _list(self, options: dict[str, Any]) -> None:
        for source in DirectorySource.objects.all():
            read_at = f"read {source.last_read_at:%Y-%m-%d %H:%M:%S} UTC" if source.last_read_at else "never read"
            state = "enabled" if source.is_enabled else "switched off"
            where = " ".join([source.domain, *source.servers.split()]).strip()
            self.stdout.write(f"{source}  {where}  {source.base_dn}  {state}  {read_at}")
            for ours, theirs in sorted(source.attribute_names.items()):
                self.stdout.write(f"    {ours} = {theirs}")

    def _test(self, options: dict[str, Any]) -> None:
        failed = False
        for source in _sources(options["name"]):
            settings = sources.settings_of(source)
            for controller in run_test(settings=settings, name=source.name, actor=None, now=timezone.now()):
                self.stdout.write(f"{source}: {controller.server}")
                failed = failed or not controller.is_ok
                for step in controller.steps:
                    word = "ok    " if step.is_ok else "FAILED"
                    self.stdout.write(f"  {word} {step.title:<22} {step.took_ms:7.1f} ms  {step.text}")
        if failed:
            raise CommandError("A step failed; see above.")

    def _sync(self, options: dict[str, Any]) -> None:
        failed = False
        for source in _sources(options["name"]):
            run = sync_source(source=source, actor=None, now=timezone.now(), is_whole=not options["changes"])
            failed = failed or run.state != SyncState.SUCCEEDED
            self.stdout.write(
                f"{source}: {run.state} in {run.took_s or 0:.1f} s, {run.recipient_count:,} recipients, "
                f"{run.added_count:,} added, {run.changed_count:,} changed, {run.removed_count:,} removed, "
                f"{run.problem_count:,} problems. {run.message}"
            )
        if failed:
            raise CommandError("Not all was taken over, see above; the last good data stays in use.")

    def _who(self, options: dict[str, Any]) -> None:
        head = head_revision()
        try:
            found = who_gets(
                options["address"],
                sender=options["sender"],
                is_signed_in=options["signed_in"],
                size_bytes=_size(options["size"]),
                document=load_document(head),
                revision=head.number,
                finds=open_directory(),
            )
        except InvalidAddress as error:
            raise CommandError(f"This is no address: {error}.") from error
        if found.waits_because:
            raise CommandError(f"Nobody can tell now, mail waits: {found.waits_because}")
        self._tell(found.root, "")
        for problem in found.problems:
            self.stdout.write(wire(problem))
        unrouted = f", {found.unrouted_count:,} without a way" if found.unrouted_count else ""
        self.stdout.write(f"{found.delivered_count:,} delivered, {found.refused_count:,} returned{unrouted}")

    def _tell(self, step: Step, indent: str) -> None:
        words = (step.word, step.address, f"({step.name})" if step.name else "", step.because)
        self.stdout.write(indent + "  ".join(wire(word) for word in words if word))
        for child in step.children:
            self._tell(child, indent + "    ")
        if step.more:
            self.stdout.write(f"{indent}    and {step.more:,} more")

    def _find(self, options: dict[str, Any]) -> None:
        found = find_address(address=options["address"])
        for recipient in found.recipients:
            value = recipient.value
            words = (value.kind.label, value.display_name, value.primary_address, value.dn)
            self.stdout.write("  ".join(wire(word) for word in words))
        entry = Snapshot.open(snapshot_folder()).find(options["address"])
        self.stdout.write(f"Nodes: {_words(entry)}")
        if entry is None:
            raise CommandError(f"No recipient has the address {found.address}.")


def _sources(name: str | None) -> list[DirectorySource]:
    found = DirectorySource.objects.filter(name=name) if name else DirectorySource.objects.filter(is_enabled=True)
    if not found:
        raise CommandError(f"There is no directory {name!r}." if name else "There is no directory; see: directory add")
    return list(found)


def _size(text: str) -> int:
    try:
        return int(parse_size(text))
    except ValueError as error:
        raise CommandError(f"--size: {error}.") from error


def _words(entry: SnapshotEntry | None) -> str:
    if entry is None:
        return "unknown recipient"
    if entry.is_conflict:
        return entry.kind.sentence
    words = f"{entry.kind.label}, primary address {entry.primary_address}"
    if entry.target_address:
        words += f", delivered to {entry.target_address}"
    if entry.forwarding_address:
        words += f", forwarded to {entry.forwarding_address}"
        words += " with a copy kept" if entry.deliver_and_redirect else ""
    return words + (f", {len(entry.members):,} members" if entry.members else "")
