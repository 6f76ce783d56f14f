"""Parameters of MAIL and RCPT (RFC 5321 4.1.2, 1870, 3461, 6152, 6531), read strictly. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from transport.config.objects import ReceiveConnector, SizeEnabled
from transport.model.address import Address, InvalidAddress, parse_path
from transport.model.envelope import BodyType
from transport.model.reply import Reply

CACHED = 2048
"""Applications send from and to the same addresses again and again."""

_COMMAND = re.compile(r"(FROM|TO):[ ]?(<(?:[^\"<>]|\"(?:[^\"\\]|\\.)*\")*>)(?:[ ]+(.*))?", re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+|[^\x00-\x20=\x7f]+))?")
_XTEXT = re.compile(r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
# The parameters we know, and the extension that has to be offered for each; BODY comes with 8BITMIME or BINARYMIME.
_MAIL = {
    "SIZE": "SIZE",
    "BODY": "BODY",
    "SMTPUTF8": "SMTPUTF8",
    "RET": "DSN",
    "ENVID": "DSN",
    "AUTH": "AUTH",
    "REQUIRETLS": "REQUIRETLS",
}
_RCPT = {"NOTIFY": "DSN", "ORCPT": "DSN"}
_BODIES = (BodyType.EIGHT_BIT_MIME, BodyType.BINARY_MIME)
_NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})


class Refused(Exception):
    """The command is refused with ``reply``."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


_EXTENSIONS: dict[tuple[int, bool], tuple[ReceiveConnector, frozenset[str]]] = {}
"""By the connector itself: its hash would cost more than the answer."""


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What MAIL FROM said. ``text`` is the sender as text."""

    sender: Address
    size_bytes: int = 0
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    requires_tls: bool = False
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", str(self.sender))


@dataclass(frozen=True, slots=True)
class RcptParameters:
    """What RCPT TO said. ``text`` is the recipient as text."""

    recipient: Address
    notify: frozenset[str] = frozenset()
    orcpt: str = ""
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", str(self.recipient))


def extensions_of(connector: ReceiveConnector, *, is_tls: bool) -> frozenset[str]:
    """The extensions that the connector offers and that bring commands or parameters."""
    key = id(connector), is_tls
    known = _EXTENSIONS.get(key)
    if known is not None and known[0] is connector:
        return known[1]
    if len(_EXTENSIONS) >= CACHED:
        _EXTENSIONS.clear()
    offered = _offered(connector, is_tls)
    _EXTENSIONS[key] = connector, offered
    return offered


def _offered(connector: ReceiveConnector, is_tls: bool) -> frozenset[str]:
    is_binary = connector.is_chunking_enabled and connector.is_binary_mime_enabled  # RFC 3030 3
    offered = {
        "SIZE": connector.size_enabled is not SizeEnabled.DISABLED,
        "BODY": connector.is_eight_bit_mime_enabled or is_binary,
        "8BITMIME": connector.is_eight_bit_mime_enabled,
        "CHUNKING": connector.is_chunking_enabled,
        "BINARYMIME": is_binary,
        "REQUIRETLS": connector.is_requiretls_enabled and is_tls,  # RFC 8689 2
        "SMTPUTF8": connector.is_smtputf8_enabled,
        "DSN": connector.is_delivery_status_notification_enabled,
        "AUTH": connector.takes_users,
    }
    return frozenset(keyword for keyword, is_offered in offered.items() if is_offered)


@lru_cache(maxsize=CACHED)
def parse_mail(argument: str, extensions: frozenset[str]) -> MailParameters:
    """Read the argument of MAIL. Raises Refused."""
    path, given = _split(argument, "FROM", _MAIL, extensions)
    try:
        sender = parse_path(path, allow_null=True)
    except InvalidAddress as error:
        raise Refused(Reply(553, "5.1.7", f"Invalid sender address: {error}")) from None
    is_smtputf8 = "SMTPUTF8" in given
    _require_ascii(sender, is_smtputf8)
    if not given:
        return MailParameters(sender)
    if "AUTH" in given:
        _check_submitter(given["AUTH"])
    return MailParameters(
        sender,
        size_bytes=_size(given["SIZE"]) if "SIZE" in given else 0,
        body_type=_body_type(given["BODY"], extensions) if "BODY" in given else BodyType.SEVEN_BIT,
        is_smtputf8=is_smtputf8 and _is_bare("SMTPUTF8", given["SMTPUTF8"]),
        ret=_ret(given["RET"]) if "RET" in given else "",
        envid=_envid(given["ENVID"]) if "ENVID" in given else "",
        requires_tls="REQUIRETLS" in given and _is_bare("REQUIRETLS", given["REQUIRETLS"]),
    )


@lru_cache(maxsize=CACHED)
def parse_rcpt(argument: str, extensions: frozenset[str], is_smtputf8: bool) -> RcptParameters:
    """Read the argument of RCPT. Raises Refused."""
    path, given = _split(argument, "TO", _RCPT, extensions)
    try:
        recipient = parse_path(path, allow_postmaster=True)
    except InvalidAddress as error:
        raise Refused(Reply(553, "5.1.3", f"Invalid recipient address: {error}")) from None
    _require_ascii(recipient, is_smtputf8)
    if not given:
        return RcptParameters(recipient)
    return RcptParameters(
        recipient,
        notify=_notify(given["NOTIFY"]) if "NOTIFY" in given else frozenset(),
        orcpt=_orcpt(given["ORCPT"]) if "ORCPT" in given else "",
    )


def _split(
    argument: str, keyword: str, known: dict[str, str], extensions: frozenset[str]
) -> tuple[str, dict[str, str]]:
    """The path and the parameters by name, in upper case; a parameter without a value has an empty one."""
    match = _COMMAND.fullmatch(argument)
    if match is None or match[1].upper() != keyword:
        command = "MAIL" if keyword == "FROM" else "RCPT"
        raise _invalid(f"Syntax: {command} {keyword}:<address>")
    given: dict[str, str] = {}
    for word in match[3].split() if match[3] else ():
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None:
            raise _invalid("Syntax error in parameters")
        name = parameter[1].upper()
        if name not in known or known[name] not in extensions:  # RFC 5321 4.1.1.11
            raise Refused(Reply(555, "5.5.4", f"Parameter {name[:40]} is not recognised"))
        if name in given:
            raise _invalid(f"{name} is given twice")
        given[name] = parameter[2] or ""
    return match[2], given


def _size(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 20):  # RFC 1870 3
        raise _invalid("SIZE is a number of octets")
    return int(value)


def _body_type(value: str, extensions: frozenset[str]) -> BodyType:
    """RFC 6152 2, RFC 3030 3: what was not offered is not taken."""
    taken = [BodyType.SEVEN_BIT, *(body for body in _BODIES if body.value in extensions)]
    if value.upper() not in taken:
        raise _invalid(f"BODY is {' or '.join(taken)}")
    return BodyType(value.upper())


def _check_submitter(value: str) -> None:
    """RFC 4954 5: we trust no client to name another's identity, which is the same as ``AUTH=<>``."""
    if value != "<>" and (not value or _XTEXT.fullmatch(value) is None):
        raise _invalid("AUTH is <> or an xtext mailbox")


def _is_bare(name: str, value: str) -> bool:
    if value:  # RFC 6531 3.4, RFC 8689 2
        raise _invalid(f"{name} has no value")
    return True


def _ret(value: str) -> str:
    if value.upper() not in ("FULL", "HDRS"):  # RFC 3461 4.3
        raise _invalid("RET is FULL or HDRS")
    return value.upper()


def _envid(value: str) -> str:
    if not 0 < len(value) <= 100:  # RFC 3461 4.4
        raise _invalid("ENVID has 1 to 100 characters")
    return _decoded(value, "ENVID")


def _notify(value: str) -> frozenset[str]:
    values = frozenset(value.upper().split(","))
    if not values <= _NOTIFY or ("NEVER" in values and len(values) > 1):  # RFC 3461 4.1
        raise _invalid("NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return values


def _orcpt(value: str) -> str:
    """``type;xtext`` -> ``type;text`` (RFC 3461 4.2)."""
    kind, _, address = value.partition(";")
    if not (kind and address and len(value) <= 500):
        raise _invalid("ORCPT is an address type and an xtext address, in at most 500 characters")
    return f"{kind};{_decoded(address, 'ORCPT')}"


def _decoded(text: str, name: str) -> str:
    """xtext (RFC 3461 4) decoded: ``+3D`` is ``=``. It must be printable ASCII, or it would break out elsewhere."""
    if _XTEXT.fullmatch(text) is None:
        raise _invalid(f"{name} is not valid xtext")
    decoded = _HEX.sub(lambda match: chr(int(match[1], 16)), text)
    if not (decoded.isascii() and decoded.isprintable()):
        raise _invalid(f"{name} holds characters that are not printable ASCII")
    return decoded


def _require_ascii(address: Address, is_smtputf8: bool) -> None:
    if not is_smtputf8 and not address.is_ascii:  # RFC 6531 3.5
        raise Refused(Reply(553, "5.6.7", "An address with non-ASCII characters needs SMTPUTF8"))


def _invalid(text: str) -> Refused:
    return Refused(Reply(501, "5.5.4", text))
