"""AUTH PLAIN and LOGIN, over TLS unless a connector says otherwise.

aiosmtpd leads the dialogue; the Authenticator port checks the password."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword

from transport.listener import replies
from transport.listener.connection import LineTooLong
from transport.listener.regular import regular
from transport.model.limit import Limit, Reached
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.ports.accounts import AuthAnswer
from transport.ports.accounts import AuthResult as Result
from transport.rules import logons

if TYPE_CHECKING:
    from transport.listener.session import Session

MECHANISMS = ("LOGIN", "PLAIN")
MAX_FIELD = 512
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
log = structlog.get_logger(__name__)


class Dialogue:
    """What aiosmtpd's ``auth_PLAIN`` and ``auth_LOGIN`` ask of their server, on top of a session."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, session: Session) -> None:
        self._session = session

    async def push(self, status: str) -> None:
        code, enhanced, text = status.split(" ", 2)  # as aiosmtpd says it
        self._session.empty_command(Reply(int(code), enhanced, text))

    async def challenge_auth(self, challenge: str) -> Any:
        encoded = base64.b64encode(challenge.encode()).decode()
        self._session.send(f"334 {encoded}\r\n".encode())
        try:
            line = (await self._session.next_line()).strip()
            if line == b"*":
                self._session.empty_command(replies.AUTH_CANCELLED)
                return MISSING
            return base64.b64decode(line, validate=True)
        except LineTooLong:
            self._session.empty_command(replies.AUTH_LINE_TOO_LONG)
        except binascii.Error:
            self._session.empty_command(replies.AUTH_NOT_BASE64)
        return MISSING

    def _authenticate(self, mechanism: str, credentials: LoginPassword) -> AuthResult:
        """Carry the credentials out; they are checked where waiting is allowed."""
        return AuthResult(success=True, auth_data=credentials)


async def authenticate(session: Session, argument: str) -> None:
    """Answer AUTH."""
    words = argument.split()
    mechanism = words[0].upper() if words else ""
    if mechanism not in MECHANISMS or len(words) > 2:
        session.empty_command(replies.AUTH_MECHANISM)
        return
    if len(words) == 2 and words[1] == "=":  # RFC 4954 4: an empty initial response
        words[1] = ""
    method: Any = SMTP.auth_PLAIN if mechanism == "PLAIN" else SMTP.auth_LOGIN
    result: AuthResult = await method(Dialogue(session), None, words)
    if result.success and isinstance(result.auth_data, LoginPassword):
        await _check(session, result.auth_data)


async def _check(session: Session, credentials: LoginPassword) -> None:
    began = session.loop.time()
    username, password = (part.decode("utf-8", "replace") for part in credentials)
    failures = session.context.logon_failures
    guess = _Guess(failures.meant_by(username.casefold()[:MAX_FIELD]), logons.network_of(session.facts.peer))
    async with failures.turn(guess.account, guess.network):
        verdict = guess.throttled(session) or await _try(session, guess, username, password)
    if verdict is None:
        session.reply(replies.AUTH_OK)
        return
    # Whoever guesses waits for each answer, and as long whatever it was that took the time to find out.
    if verdict.reply is not replies.AUTH_NOT_NOW and session.connector.auth_tarpit_interval:
        session.count(Limit.AUTH_TARPIT)
        await asyncio.sleep(began + session.connector.auth_tarpit_interval - session.loop.time())
    session.refuse(verdict)


async def _try(session: Session, guess: _Guess, username: str, password: str) -> Verdict | None:
    """Look at the password and remember what came of it; None where it is right."""
    if not username or not password or len(username) > MAX_FIELD or len(password) > MAX_FIELD:
        answer = AuthAnswer(Result.NO, reason="an empty or overlong user name or password")
    elif _CONTROL.search(username) or "\0" in password:
        answer = AuthAnswer(Result.NO, reason="control characters in user name or password")
    else:
        answer = await _ask(session, username, password)
    if answer.result is Result.CANNOT_TELL:
        return _cannot_tell(username, answer)
    failures, account = session.context.logon_failures, answer.account.casefold() or guess.account
    failures.learn(username.casefold()[:MAX_FIELD], account)
    if answer.result is Result.YES:
        failures.succeeded(account, guess.network)
        session.replace_facts(identity=answer.identity or username, addresses=answer.addresses)
        session.regular = regular(session)
        return None
    if not answer.is_repeated:
        failures.failed(account, guess.network, session.context.clock())
    return _wrong(session, username, answer)


@dataclass(frozen=True, slots=True)
class _Guess:
    """Whose password is tried, and from where."""

    account: str
    network: str

    def throttled(self, session: Session) -> Verdict | None:
        """A refusal where too many passwords were wrong: neither we nor the directory look at this one."""
        context, organization = session.context, session.ruleset.organization
        of_account, of_network = context.logon_failures.counts(
            self.account, self.network, window_s=organization.failed_logon_window, now=context.clock()
        )
        return logons.throttled(
            organization,
            username=_shown(self.account),
            network=self.network,
            of_account=of_account,
            of_network=of_network,
        )


async def _ask(session: Session, username: str, password: str) -> AuthAnswer:
    """A service account of ours, else somebody whom the authenticator knows. Law 6: one that breaks cannot tell."""
    context = session.context
    account = session.ruleset.service_accounts.get(username.casefold())
    try:
        if account is not None:
            return await context.accounts.check(account, password, now=context.clock())
        answer = await context.authenticator.check(username=username, password=password, peer=session.facts.peer)
        if answer.result is Result.NO:
            await context.accounts.take_as_long(username, password)
        return answer
    except Exception as error:
        log.exception("session.authenticator_failed", session=session.facts.session_id)
        return AuthAnswer(Result.CANNOT_TELL, reason=f"the authenticator failed: {error}")


def _cannot_tell(username: str, answer: AuthAnswer) -> Verdict:
    """Not the peer's fault: no failed logon."""
    reason = f"AUTH as '{_shown(username)}': {answer.reason or 'cannot tell'}"
    step = Step("authenticator", "", "AUTH", Answer.CANNOT_TELL, reason)
    return Verdict(Action.DEFER, Stage.AUTH, replies.AUTH_NOT_NOW, reason, (step,))


def _wrong(session: Session, username: str, answer: AuthAnswer) -> Verdict:
    reason = f"AUTH as '{_shown(username)}': {answer.reason or 'refused'}"
    session.failed_logons += 1
    limit = session.connector.max_logon_failures
    is_last = 0 < limit <= session.failed_logons
    action = Action.DISCONNECT if is_last else Action.REFUSE
    reached = Reached(Limit.LOGON_FAILURES, str(limit)) if is_last else None
    step = Step("authenticator", "", "AUTH", Answer.NO, reason)
    return Verdict(action, Stage.AUTH, replies.AUTH_WRONG, reason, (step,), reached)


def _shown(username: str) -> str:
    return _CONTROL.sub("?", username[:100])
