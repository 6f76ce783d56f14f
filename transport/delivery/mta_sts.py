"""What a domain demands of those who send to it, by its MTA-STS policy (RFC 8461): record and policy read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_POLICY_OCTETS = 64 * 1024  # RFC 8461 3.3
MAX_AGE_S = 31_557_600  # RFC 8461 3.2
MAX_HOSTS = 100
_RECORD = re.compile(r"v=STSv1[ \t]*;(.*)")
_ID = re.compile(r"(?:^|;)[ \t]*id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})[ \t]*(?:;|$)")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")


class StsMode(StrEnum):
    """What becomes of mail to a host that does not meet the policy."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"

    @property
    def sentence(self) -> str:
        return {
            StsMode.ENFORCE: "Mail goes only to hosts that the policy names, over TLS with a certificate for the host.",
            StsMode.TESTING: "A host that does not meet the policy gets the mail too; it is told in the trace.",
            StsMode.NONE: "The domain has no policy any more.",
        }[self]


class InvalidPolicy(ValueError):
    """``str()`` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """``hosts`` are names, or ``*.name`` for one label more."""

    mode: StsMode
    hosts: tuple[str, ...]
    max_age_s: int

    def covers(self, host: str) -> bool:
        """Whether mail may go to the mail exchanger ``host`` (RFC 8461 4.1)."""
        name = host.lower().rstrip(".")
        return any(name == one or (one.startswith("*.") and name.partition(".")[2] == one[2:]) for one in self.hosts)


def record_id(texts: Iterable[str]) -> str:
    """The policy's id in the TXT records of ``_mta-sts``; empty where there is no policy (RFC 8461 3.1)."""
    found = [match for text in texts if (match := _RECORD.fullmatch(text))]
    named = _ID.search(found[0][1]) if len(found) == 1 else None
    return named[1] if named else ""


def parse_policy(octets: bytes) -> StsPolicy:
    """RFC 8461 3.2. Raises InvalidPolicy."""
    fields: dict[str, str] = {}
    hosts: list[str] = []
    for line in octets.decode("utf-8", "replace").splitlines():
        key, separator, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if separator and key == "mx":
            hosts.append(value.lower().rstrip("."))
        elif separator:
            fields.setdefault(key, value)  # of a field that comes twice, the first
    if fields.get("version") != "STSv1":
        raise InvalidPolicy("it is no policy of version STSv1")
    try:
        mode = StsMode(fields.get("mode", ""))
    except ValueError:
        raise InvalidPolicy("it has no mode that is known") from None
    if not re.fullmatch(r"[0-9]{1,10}", fields.get("max_age", "")):
        raise InvalidPolicy("it does not say how long it holds")
    if mode is not StsMode.NONE and not hosts:
        raise InvalidPolicy("it names no mail exchanger")
    if len(hosts) > MAX_HOSTS or not all(_HOST.fullmatch(host) for host in hosts):
        raise InvalidPolicy("it names what is no host, or too many")
    return StsPolicy(mode, tuple(hosts), min(int(fields["max_age"]), MAX_AGE_S))
