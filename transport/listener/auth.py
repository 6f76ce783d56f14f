"""AUTH PLAIN and LOGIN, over TLS only. aiosmtpd leads the dialogue; the Authenticator port checks the password."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

import structlog
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword

from transport.listener import replies
from transport.listener.connection import LineTooLong
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.ports import AuthAnswer
from transport.ports import AuthResult as Result

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
    username, password = (part.decode("utf-8", "replace") for part in credentials)
    if not username or not password or len(username) > MAX_FIELD or len(password) > MAX_FIELD:
        answer = AuthAnswer(Result.NO, reason="an empty or overlong user name or password")
    elif _CONTROL.search(username) or "\0" in password:
        answer = AuthAnswer(Result.NO, reason="control characters in user name or password")
    else:
        answer = await _ask(session, username, password)
    if answer.result is Result.YES:
        session.replace_facts(identity=answer.identity or username)
        session.reply(replies.AUTH_OK)
    else:
        _failed(session, username, answer)


async def _ask(session: Session, username: str, password: str) -> AuthAnswer:
    """Law 6: an authenticator that breaks cannot tell."""
    try:
        return await session.context.authenticator.check(username=username, password=password, peer=session.facts.peer)
    except Exception as error:
        log.exception("session.authenticator_failed", session=session.facts.session_id)
        return AuthAnswer(Result.CANNOT_TELL, reason=f"the authenticator failed: {error}")


def _failed(session: Session, username: str, answer: AuthAnswer) -> None:
    reason = f"AUTH as '{_CONTROL.sub('?', username[:100])}': {answer.reason or 'refused'}"
    if answer.result is Result.CANNOT_TELL:  # not the peer's fault: no failed logon
        step = Step("authenticator", "", "AUTH", Answer.CANNOT_TELL, reason)
        session.refuse(Verdict(Action.DEFER, Stage.AUTH, replies.AUTH_NOT_NOW, reason, (step,)))
        return
    session.failed_logons += 1
    limit = session.connector.max_logon_failures
    action = Action.DISCONNECT if 0 < limit <= session.failed_logons else Action.REFUSE
    step = Step("authenticator", "", "AUTH", Answer.NO, reason)
    session.refuse(Verdict(action, Stage.AUTH, replies.AUTH_WRONG, reason, (step,)))
