"""Builds a node's TransportService from settings, the head revision, the directory's look-up file and the secrets."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import structlog
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError
from pydantic import ValidationError

from mailconsole.common.secrets import derived_keys
from mailconsole.environment import HostPort
from mailconsole.runtime.directory_lookup import DirectoryLookup
from mailconsole.runtime.kept_certificates import passwords
from mailconsole.runtime.kept_secrets import KeptSecrets
from mailconsole.runtime.locks import hold
from mailconsole.runtime.revisions import head_number, load_document
from mailconsole.runtime.sign_in.directory_users import DirectoryUsers
from mailconsole.runtime.sign_in.kept_directories import KeptDirectories
from transport.config import validate
from transport.config.document import SECTIONS, MailFlow, canonical_section, digest, from_sections, initial_document
from transport.ports.accounts import Authenticator
from transport.ports.node import ListenAddress, Ports, ShadowPort
from transport.service.engine import ConfigurationRefused, TransportService

EVERYWHERE = ("0.0.0.0", "::")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A revision as a node runs it; number 0 is the initial document, before any revision exists.

    `is_unproved`: it came from this node's disk, and the console has not said yet that it is what was published.
    """

    number: int
    document: MailFlow
    is_unproved: bool = field(default=False, compare=False)


class NoConfiguration(Exception):
    """Neither the database nor the disk has a configuration: a node that guessed one would bounce good mail."""


class NodeAlreadyRuns(Exception):
    """Another process delivers from this node's spool: a second one would deliver everything twice."""


def claim_node(node: str) -> IO[str]:
    """The right to run the node, for as long as the file is open. Raises NodeAlreadyRuns, OSError."""
    folder = Path(settings.HOME) / "nodes" / node
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = hold(folder / "lock")
    if held is None:
        raise NodeAlreadyRuns(f"{node} already runs on the spool {folder}")
    return held


def load_configuration(node: str) -> Running:
    """The head revision; while it can't be had or run, the last good one from this node's disk (law 3). Where the
    database answers, only what was published: a file that differs from it may hold what nobody approved.

    Raises NoConfiguration.
    """
    try:
        return _head()
    except (DatabaseError, InterfaceError, ValidationError, ConfigurationRefused) as error:
        log.warning("configuration.head_unavailable", node=node, reason=str(error)[:500])
        last_good = read_last_good(node)
        if last_good is None:
            raise NoConfiguration(
                f"{node} has no configuration yet, and the console's can't be used: {error}"
            ) from error
        return last_good if isinstance(error, (DatabaseError, InterfaceError)) else _published(node, last_good)


def _published(node: str, kept: Running) -> Running:
    """What was published under the number of the kept file. Raises NoConfiguration where nothing was."""
    try:
        document = load_document(kept.number)
    except (DatabaseError, InterfaceError):
        return kept  # it went away just now
    except (ObjectDoesNotExist, ValidationError) as error:
        raise NoConfiguration(f"{node} kept revision {kept.number}, which is none of the console's: {error}") from error
    if document != kept.document:
        log.error("configuration.last_good_altered", node=node, revision=kept.number, digest=digest(kept.document))
    return Running(kept.number, document)


def _head() -> Running:
    number = head_number()
    if not number:
        return Running(0, initial_document())
    document = load_document(number)
    problems = validate.errors(validate.validate(document, now=datetime.now(UTC)))
    if problems:
        raise ConfigurationRefused("; ".join(problem.sentence for problem in problems[:3]))
    return Running(number, document)


def last_good_path(node: str) -> Path:
    return Path(settings.HOME) / "nodes" / node / "revision.json"


def keep_last_good(node: str, running: Running) -> None:
    """Write what the node runs beside its spool, synced and swapped whole. Raises OSError."""
    path = last_good_path(node)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sections = {name: json.loads(canonical_section(running.document, name)) for name in SECTIONS}
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"number": running.number, "sections": sections}, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def read_last_good(node: str) -> Running | None:
    """What the node ran last, or None when it never ran or the file cannot be read."""
    path = last_good_path(node)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        sections: dict[str, bytes | str] = {name: json.dumps(section) for name, section in kept["sections"].items()}
        return Running(int(kept["number"]), from_sections(sections), is_unproved=True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.error("configuration.last_good_unreadable", node=node, reason=str(error)[:500])
        return None


def directory_users(directories: KeptDirectories, secrets: KeptSecrets) -> DirectoryUsers:
    """Who checks the passwords of directory users for a node."""
    return DirectoryUsers(directories=directories, secrets=secrets, snapshot_folder=Path(settings.HOME) / "directory")


def build_service(node: str, running: Running, secrets: KeptSecrets, authenticator: Authenticator) -> TransportService:
    """The node's service, not yet started. Raises SpoolUnavailable."""
    environment = settings.ENVIRONMENT
    listen = (
        ListenAddress("smtp", environment.smtp.host, environment.smtp.port),
        ListenAddress("submission", environment.submission.host, environment.submission.port),
    )
    return TransportService(
        node=node,
        home=Path(settings.HOME),
        listen=listen,
        document=running.document,
        revision=running.number,
        pickup_folder=environment.pickup,
        ports=Ports(
            recipients=DirectoryLookup(Path(settings.HOME) / "directory"),
            authenticator=authenticator,
            secrets=secrets,
            shadow=shadow_port(environment.shadow),
            certificate_passwords=passwords(),
        ),
    )


def shadow_port(listen: HostPort) -> ShadowPort:
    """How other nodes reach this one; all that have our key file are nodes of ours."""
    host = socket.gethostname()
    return ShadowPort(
        listen=ListenAddress("shadow", listen.host, listen.port),
        name=host if listen.host in EVERYWHERE else "",
        host=host,
        keys=derived_keys("mailconsole shadow copies"),
    )
