"""The settings of a directory as options of a command; None stands for what was not named."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from directory import kerberos
from directory.settings import BindMethod, Security
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.services.attribute_names import changed_names, parse_attribute_names

PASSWORD_VARIABLE = "MAILCONSOLE_BIND_PASSWORD"  # noqa: S105


def add_settings(parser: ArgumentParser) -> None:
    parser.add_argument("--server", action="append", help="host, host:port or [v6]:port; in order")
    parser.add_argument("--domain", help="its DNS names the controllers (SRV records)")
    parser.add_argument("--site", help="controllers of this site first")
    parser.add_argument("--base-dn", help="default: what the directory itself calls its base")
    parser.add_argument("--bind-user", help="name@domain, DOMAIN\\name or a distinguished name; Kerberos: name@REALM")
    parser.add_argument("--by", dest="bind_method", choices=[one.value for one in BindMethod])
    parser.add_argument("--keytab", help="for --by kerberos: a file with the account's key")
    parser.add_argument("--credential-cache", help="for --by kerberos without a keytab, such as FILE:/run/tickets")
    parser.add_argument("--ca-file", type=Path, help="PEM of the authority that signed the controllers' certificates")
    parser.add_argument("--tls-name", help="the name in the certificate, where it is not the host")
    parser.add_argument("--security", choices=[one.value for one in Security])
    parser.add_argument("--allow-plain", action="store_true", default=None, help="allow --security plain, without TLS")
    parser.add_argument("--filter", dest="search_filter")
    parser.add_argument("--page-size", type=int)
    parser.add_argument(
        "--attribute", action="append", metavar="OURS=THEIRS",
        help="what the directory calls an attribute, such as proxyAddresses=mailLocalAddress; OURS= takes that back",
    )  # fmt: skip


_SETTINGS = ("domain", "site", "base_dn", "bind_user", "bind_method", "keytab", "credential_cache", "tls_name",
             "security", "search_filter", "page_size")  # fmt: skip


def set_settings(source: DirectorySource, options: dict[str, Any]) -> None:
    for name in _SETTINGS:
        if options[name] is not None:
            setattr(source, name, options[name])
    if options["server"] is not None:
        source.servers = "\n".join(options["server"])
    if options["allow_plain"]:
        source.is_plain_allowed = True
    if options["ca_file"] is not None:
        source.ca_pem = _read_ca(options["ca_file"])
    changes = parse_attribute_names(options["attribute"] or ())
    source.attribute_names = changed_names(source.attribute_names, changes)
    if source.bind_method == BindMethod.KERBEROS and not kerberos.is_available():
        raise CommandError(kerberos.NOT_INSTALLED)


def password_of(source: DirectorySource) -> str:
    if not source.has_password:
        return ""
    return os.environ.get(PASSWORD_VARIABLE) or getpass(f"Password of {source.bind_user}: ")


def _read_ca(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The CA file {path} cannot be read: {error}.") from error
