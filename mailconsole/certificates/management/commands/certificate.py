"""`certificate list|add|replace|request|remove`: the certificates' services at the command line."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.audit.terminal import TerminalCommand
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.services.given import read_given
from mailconsole.certificates.services.keep import add_certificate, remove_certificate, replace_certificate
from mailconsole.certificates.services.request import request_certificate
from mailconsole.certificates.uses import uses
from mailconsole.changes.cli.write import actor_of
from mailconsole.common.refusals import PageRefused, Refusal
from mailconsole.common.templatetags.words import wire

PASSWORD_VARIABLE = "MAILCONSOLE_KEY_PASSWORD"  # noqa: S105


class Command(TerminalCommand):
    help = "List the certificates of all nodes; add, replace, request and remove them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|add|replace|request|remove")
        verbs.add_parser("list", help="names, end and use of each")
        for verb, words in (("add", "a new one"), ("replace", "the renewed one, or an authority's answer")):
            given = self._verb(verbs, verb, words)
            given.add_argument("--chain", type=Path, metavar="FILE", help="PEM, with those that signed it")
            given.add_argument("--key", type=Path, metavar="FILE", help="PEM; may be missing where the console has it")
            given.add_argument("--pkcs12", type=Path, metavar="FILE", help="instead of the two")
            given.add_argument(
                "--password", action="store_true", help=f"ask for the key's password, or take {PASSWORD_VARIABLE}"
            )
        asked = self._verb(verbs, "request", "make a key, and print the request for an authority")
        asked.add_argument("--host", action="append", required=True, metavar="NAME", help="may be repeated")
        asked.add_argument("--organization", default="")
        asked.add_argument("--rsa", action="store_true", help="an RSA key instead of P-256")
        self._verb(verbs, "remove", "take it from all nodes").add_argument("--reason", default="")

    def _verb(self, verbs: Any, verb: str, words: str) -> ArgumentParser:
        parser: ArgumentParser = verbs.add_parser(verb, help=words)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--as", dest="user", metavar="USER", help="whose doing it is (default: MAILCONSOLE_USER)")
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except PageRefused as refused:
            raise CommandError(f"{refused.sentence} {refused.next_step}".strip()) from None
        except Refusal as refused:
            raise CommandError(str(refused)) from None
        except OSError as error:
            raise CommandError(f"{error.filename} can't be read: {error.strerror}.") from None

    def _list(self, options: dict[str, Any]) -> None:
        found = list(ServerCertificate.objects.all())
        used = uses(found)
        for one in found:
            end = f"until {one.not_after:%Y-%m-%d}" if one.not_after else "requested"
            users = ", ".join(map(str, used.get(one.name, []))) or "no connector"
            self.stdout.write(wire(f"{one.name:<20}  {end}  {', '.join(one.names)}  ({users})"))
        if not found:
            self.stdout.write("No certificate.")

    def _add(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        pair = read_given(now=now, **self._given(options))
        made = add_certificate(name=options["name"], pair=pair, actor=actor_of(options["user"]), now=now)
        self.stdout.write(f"Added {made}, until {pair.not_after:%Y-%m-%d}. Nodes take it within seconds.")

    def _replace(self, options: dict[str, Any]) -> None:
        now, one = timezone.now(), self._known(options)
        pair = read_given(now=now, certificate=one, **self._given(options))
        replace_certificate(certificate=one, pair=pair, actor=actor_of(options["user"]), now=now)
        self.stdout.write(f"Replaced {one}, until {pair.not_after:%Y-%m-%d}. Nodes take it within seconds.")

    def _request(self, options: dict[str, Any]) -> None:
        made = request_certificate(
            name=options["name"], hosts=options["host"], organization=options["organization"], is_rsa=options["rsa"],
            actor=actor_of(options["user"]), now=timezone.now(),
        )  # fmt: skip
        self.stdout.write(made.request_pem.rstrip())

    def _remove(self, options: dict[str, Any]) -> None:
        one = self._known(options)
        remove_certificate(
            certificate=one, actor=actor_of(options["user"]), now=timezone.now(), reason=options["reason"]
        )
        self.stdout.write(f"Removed {options['name']}.")

    def _given(self, options: dict[str, Any]) -> dict[str, Any]:
        if not options["pkcs12"] and not options["chain"]:
            raise CommandError("Give --chain and --key, or --pkcs12.")
        password = ""
        if options["password"]:
            password = os.environ.get(PASSWORD_VARIABLE) or getpass("Password of the key: ")
        names = {"chain": "chain", "key": "key", "archive": "pkcs12"}
        read = {name: options[option].read_bytes() for name, option in names.items() if options[option]}
        return {**read, "password": password}

    def _known(self, options: dict[str, Any]) -> ServerCertificate:
        found = ServerCertificate.objects.filter(name=options["name"]).first()
        if found is None:
            raise CommandError(f"There is no certificate {options['name']}.")
        return found
