"""Parameters of MAIL and RCPT (RFC 5321 4.1.2, 1870, 3461, 6152, 6531), read strictly. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transport.config.objects import ReceiveConnector
from transport.model.address import Address, InvalidAddress, parse_path
from transport.model.envelope import BodyType
from transport.model.reply import Reply

_COMMAND = re.compile(r"(FROM|TO):[ ]?(<(?:[^\"<>]|\"(?:[^\"\\]|\\.)*\")*>)(?:[ ]+(.*))?", re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+|[^\x00-\x20=\x7f]+))?")
_XTEXT = re.compile(r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})


class Refused(Exception):
    """The command is refused with ``reply``."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What MAIL FROM said."""

    sender: Address
    size_bytes: int = 0
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    ret: str = ""
    envid: str = ""


@dataclass(frozen=True, slots=True)
class RcptParameters:
    """What RCPT TO said."""

    recipient: Address
    notify: frozenset[str] = frozenset()
    orcpt: str = ""


def parse_mail(argument: str, connector: ReceiveConnector) -> MailParameters:
    """Read the argument of MAIL. Raises Refused."""
    path, given = _split(argument, "FROM")
    try:
        sender = parse_path(path, allow_null=True)
    except InvalidAddress as error:
        raise Refused(Reply(553, "5.1.7", f"Invalid sender address: {error}")) from None
    size, body_type, is_utf8, ret, envid = 0, BodyType.SEVEN_BIT, False, "", ""
    for name, value in given.items():
        if name == "SIZE" and value is not None and value.isascii() and value.isdigit() and len(value) <= 20:
            size = int(value)
        elif name == "BODY" and connector.is_eight_bit_mime_enabled and value and value.upper() in ("7BIT", "8BITMIME"):
            body_type = BodyType(value.upper())
        elif name == "SMTPUTF8" and connector.is_smtputf8_enabled and value is None:
            is_utf8 = True
        elif name == "RET" and _has_dsn(connector) and value and value.upper() in ("FULL", "HDRS"):
            ret = value.upper()
        elif name == "ENVID" and _has_dsn(connector) and value and len(value) <= 100:  # RFC 3461 4.4
            envid = _decoded(value, "ENVID")
        else:
            raise _unsupported(name)
    _require_ascii(sender, is_utf8, "5.6.7")
    return MailParameters(sender, size, body_type, is_utf8, ret, envid)


def parse_rcpt(argument: str, connector: ReceiveConnector, *, is_smtputf8: bool) -> RcptParameters:
    """Read the argument of RCPT. Raises Refused."""
    path, given = _split(argument, "TO")
    try:
        recipient = parse_path(path, allow_postmaster=True)
    except InvalidAddress as error:
        raise Refused(Reply(553, "5.1.3", f"Invalid recipient address: {error}")) from None
    notify: frozenset[str] = frozenset()
    orcpt = ""
    for name, value in given.items():
        if name == "NOTIFY" and _has_dsn(connector) and value:
            notify = _notify(value)
        elif name == "ORCPT" and _has_dsn(connector) and value and len(value) <= 500 and ";" in value:
            orcpt = _orcpt(value)
        else:
            raise _unsupported(name)
    _require_ascii(recipient, is_smtputf8, "5.6.7")
    return RcptParameters(recipient, notify, orcpt)


def _split(argument: str, keyword: str) -> tuple[str, dict[str, str | None]]:
    match = _COMMAND.fullmatch(argument)
    if match is None or match[1].upper() != keyword:
        command = "MAIL" if keyword == "FROM" else "RCPT"
        raise Refused(Reply(501, "5.5.4", f"Syntax: {command} {keyword}:<address>"))
    given: dict[str, str | None] = {}
    for word in (match[3] or "").split():
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None:
            raise Refused(Reply(501, "5.5.4", "Syntax error in parameters"))
        name = parameter[1].upper()
        if name in given:
            raise Refused(Reply(501, "5.5.4", f"{name} is given twice"))
        given[name] = parameter[2]
    return match[2], given


def _has_dsn(connector: ReceiveConnector) -> bool:
    return connector.is_delivery_status_notification_enabled


def _notify(value: str) -> frozenset[str]:
    values = frozenset(value.upper().split(","))
    if not values <= _NOTIFY or ("NEVER" in values and len(values) > 1):  # RFC 3461 4.1
        raise Refused(Reply(501, "5.5.4", "NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY"))
    return values


def _orcpt(value: str) -> str:
    """``type;xtext`` -> ``type;text`` (RFC 3461 4.2)."""
    kind, _, address = value.partition(";")
    if not kind or not address:
        raise Refused(Reply(501, "5.5.4", "ORCPT is an address type and an xtext address"))
    return f"{kind};{_decoded(address, 'ORCPT')}"


def _decoded(text: str, name: str) -> str:
    """xtext (RFC 3461 4) decoded: ``+3D`` is ``=``. It must be printable ASCII, or it would break out elsewhere."""
    if _XTEXT.fullmatch(text) is None:
        raise Refused(Reply(501, "5.5.4", f"{name} is not valid xtext"))
    decoded = _HEX.sub(lambda match: chr(int(match[1], 16)), text)
    if not (decoded.isascii() and decoded.isprintable()):
        raise Refused(Reply(501, "5.5.4", f"{name} holds characters that are not printable ASCII"))
    return decoded


def _unsupported(name: str) -> Refused:
    return Refused(Reply(555, "5.5.4", f"Parameter {name[:40]} is not recognised or its value is not valid"))


def _require_ascii(address: Address, is_smtputf8: bool, enhanced: str) -> None:
    if not is_smtputf8 and not address.is_ascii:  # RFC 6531 3.5
        raise Refused(Reply(553, enhanced, "An address with non-ASCII characters needs SMTPUTF8"))
