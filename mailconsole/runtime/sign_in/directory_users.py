"""The Authenticator of a node: users of its directories, by a bind at a domain controller.

It waits beside the event loop and not for long; a controller that is away is *cannot tell* (454), never *no*.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from directory import errors
from directory.discovery import controllers
from directory.settings import SourceSettings
from directory.sign_in import Person, check_password
from directory.snapshot import Snapshot
from mailconsole.runtime.sign_in.controllers import Controllers
from mailconsole.runtime.sign_in.kept_directories import KeptDirectories
from mailconsole.runtime.sign_in.remembered import Refused
from transport.ports.accounts import AuthAnswer, AuthResult
from transport.ports.secrets import SecretReader
from transport.ports.unavailable import LookupUnavailable

WAIT_S = 5.0
THREADS = 8
MAX_WAITING = 64
WRONG_FOR_S = 600.0
REFUSED_FOR_S = 60.0
"""How long another refusal (disabled, locked, expired) is remembered: somebody may be mending it."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An answer, and for how long the same question gets it again (0: not at all)."""

    answer: AuthAnswer
    for_s: float = 0.0


class DirectoryUsers:
    """``check`` is called on the node's loop."""

    def __init__(
        self, *, directories: KeptDirectories, secrets: SecretReader, snapshot_folder: Path, wait_s: float = WAIT_S
    ) -> None:
        self._directories = directories
        self._secrets = secrets
        self._snapshot = Snapshot.open(snapshot_folder)
        self._snapshot_lock = threading.Lock()
        self._wait_s = wait_s
        self._controllers = Controllers()
        self._refused = Refused()
        self._asking: dict[bytes, asyncio.Task[AuthAnswer]] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="directory")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def check(self, *, username: str, password: str, peer: str) -> AuthAnswer:
        """See Authenticator. Who asks the same at the same time gets the same answer, by one bind."""
        digest = self._refused.digest(username, password)
        known = self._refused.find(digest)
        if known is not None:
            return known
        asking = self._asking.get(digest)
        if asking is None:
            if len(self._asking) >= MAX_WAITING:
                return _cannot_tell(f"{MAX_WAITING} passwords wait for the directory already")
            asking = asyncio.get_running_loop().create_task(self._ask(digest, username, password))
            self._asking[digest] = asking
            asking.add_done_callback(lambda _: self._asking.pop(digest, None))
        try:
            # What is asked already goes on when the peer gives up: its answer is remembered all the same.
            return await asyncio.wait_for(asyncio.shield(asking), self._wait_s)
        except TimeoutError:
            return _cannot_tell(f"no domain controller answered within {self._wait_s:g} s")

    async def _ask(self, digest: bytes, username: str, password: str) -> AuthAnswer:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._look, username, password)
        if found.for_s:
            self._refused.add(digest, found.answer, for_s=found.for_s)
        return found.answer

    def _look(self, username: str, password: str) -> _Found:
        """Ask each directory until one knows the name; in a thread that may wait."""
        try:
            directories = self._directories.settings(self._secrets)
        except LookupUnavailable as error:
            return _Found(_cannot_tell(str(error)))
        if not directories:
            return _Found(
                AuthAnswer(AuthResult.NO, reason="no service account has this name, and no directory is set up")
            )
        unsure: list[str] = []
        for name, settings in directories:
            try:
                return self._right(self._bind(settings, username, password))
            except errors.NoSuchAccount:
                continue
            except errors.BindRefused as refusal:
                return _no(refusal)
            except errors.DirectoryError as error:
                unsure.append(f"{name}: {error}")
        if unsure:
            return _Found(_cannot_tell(" ".join(unsure)))
        return _Found(AuthAnswer(AuthResult.NO, reason="no account has this name."), REFUSED_FOR_S)

    def _bind(self, settings: SourceSettings, username: str, password: str) -> Person:
        """By the first controller that answers. Raises BindRefused, DirectoryUnavailable."""
        failures: list[str] = []
        for one in map(settings.at, controllers.of(settings)):
            if self._controllers.is_left_alone(one):
                continue
            try:
                person = check_password(one, name=username, password=password)
            except errors.DirectoryUnavailable as error:
                self._controllers.failed(one, error)
                failures.append(str(error))
            except errors.BindRefused:
                self._controllers.answered(one)
                raise
            else:
                self._controllers.answered(one)
                return person
        raise errors.ServerUnreachable(" ".join(failures) or "No domain controller has answered lately.")

    def _right(self, person: Person) -> _Found:
        try:
            with self._snapshot_lock:
                addresses = self._snapshot.addresses_of(person.object_guid)
        except errors.SnapshotUnavailable as error:
            return _Found(
                _cannot_tell(f"the password is right, but nobody can say which addresses are theirs: {error}")
            )
        identity = person.user_principal_name or person.account_name
        return _Found(AuthAnswer(AuthResult.YES, identity=identity, addresses=addresses, account=person.object_guid))


def _no(refusal: errors.BindRefused) -> _Found:
    answer = AuthAnswer(AuthResult.NO, reason=str(refusal), account=refusal.account)
    return _Found(answer, WRONG_FOR_S if isinstance(refusal, errors.BadCredentials) else REFUSED_FOR_S)


def _cannot_tell(reason: str) -> AuthAnswer:
    return AuthAnswer(AuthResult.CANNOT_TELL, reason=reason)
