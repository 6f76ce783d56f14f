"""What the sessions of one node share: the ruleset for new sessions, where mail goes, counts and limits."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from transport.config.objects import ReceiveConnector
from transport.listener.accounts import AccountChecker
from transport.listener.budget import Memory
from transport.listener.counts import ConnectionCounts, LimitCounts, MinuteRates
from transport.listener.logon_failures import LogonFailures
from transport.listener.refusals import RefusalLog
from transport.listener.relay_usage import RelayUsage
from transport.listener.spill import SpillFolder
from transport.ports.accounts import Authenticator
from transport.ports.intake import Intake
from transport.ports.recipients import RecipientLookup
from transport.ports.resolver import CodeLookup
from transport.protocol_log.log import ProtocolLog
from transport.rules.ruleset import Ruleset

if TYPE_CHECKING:
    from transport.listener.session import Session


class Certificates(Protocol):
    """Gives each connector the TLS context of its handshakes."""

    def context_for(self, connector: ReceiveConnector) -> ssl.SSLContext | None:
        """None where there is no certificate: then TLS is not offered."""
        ...


@dataclass(slots=True)
class Counters:
    """Since the node started: connections, messages accepted, commands refused by a rule, limits reached."""

    sessions: int = 0
    accepted: int = 0
    refused: int = 0
    limits: LimitCounts = field(default_factory=LimitCounts)


@dataclass(slots=True)
class Context:
    """One for each listener."""

    ruleset: Ruleset
    intake: Intake
    lookup: RecipientLookup
    authenticator: Authenticator
    accounts: AccountChecker
    certificates: Certificates | None
    hostname: str
    clock: Callable[[], float]
    counters: Counters = field(default_factory=Counters)
    memory: Memory = field(default_factory=Memory)
    protocol: ProtocolLog | None = None
    dns: CodeLookup | None = None
    spill: SpillFolder = field(default_factory=lambda: SpillFolder(None))
    connections: ConnectionCounts = field(default_factory=ConnectionCounts)
    rates: MinuteRates = field(default_factory=MinuteRates)
    connection_rates: MinuteRates = field(default_factory=MinuteRates)
    logon_failures: LogonFailures = field(default_factory=LogonFailures)
    usage: RelayUsage = field(default_factory=RelayUsage)
    sessions: set[Session] = field(default_factory=set)
    is_draining: bool = False
    refusals: RefusalLog = field(init=False)

    def __post_init__(self) -> None:
        self.refusals = RefusalLog(self.intake.record)
