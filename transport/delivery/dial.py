"""From a next hop to a connection that takes mail: each exchanger in turn, TLS as the connector says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from transport.config.objects import SendConnector
from transport.delivery import demand, protocol, race, tls_policy
from transport.delivery.capabilities import Capabilities
from transport.delivery.client import Client
from transport.delivery.dead_targets import DeadTargets
from transport.delivery.demand import Demand
from transport.delivery.exchangers import targets_of
from transport.delivery.failure import ConnectionFailed, deferred
from transport.delivery.handshake import Greeter, HandshakeFailed
from transport.delivery.mta_sts import StsMode, StsPolicy
from transport.delivery.race import Raced
from transport.delivery.sts_policies import StsPolicies
from transport.delivery.target import Target
from transport.delivery.timeouts import Timeouts
from transport.model.next_hop import NextHop
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.ports.resolver import Resolver
from transport.protocol_log.log import ProtocolLog
from transport.rules.closing import Closing, closing


@dataclass(frozen=True, slots=True)
class Dialled:
    """A connection past its handshake."""

    client: Client
    capabilities: Capabilities
    target: Target


@dataclass(frozen=True, slots=True)
class Dialler:
    """Connects for one next hop under one connector."""

    next_hop: NextHop
    connector: SendConnector
    resolver: Resolver
    greeter: Greeter
    dead: DeadTargets
    timeouts: Timeouts
    sts: StsPolicies | None = None
    protocol: ProtocolLog | None = None
    known: list[Target] = field(default_factory=list)  # those of the last attempt, for people to see

    async def dial(self, avoid: Collection[Target] = (), last: Outcome | None = None) -> Dialled:
        """The first target, but for those to ``avoid``, that goes through the handshake.

        Raises ConnectionFailed with the last one's outcome (``last`` where none is left to try); permanent only if
        every target said so.
        """
        self.known[:] = await targets_of(self.next_hop, self.connector, self.resolver)
        policy = await self._policy()
        wanted = demand.of(self.connector, self.next_hop, policy)
        targets = [target for target in self._named(policy, self.known) if target not in avoid]
        failures = [last] if last is not None else []
        # RFC 5321 5.1: exchangers in their order; only addresses of one exchanger are tried side by side.
        for _host, group in groupby(self.dead.living(targets), key=lambda target: (target.host, target.port)):
            dialled = await self._reach(list(group), failures, wanted)
            if dialled is not None:
                return dialled
        passing = [outcome for outcome in failures if outcome.kind is not OutcomeKind.FAILED]
        raise ConnectionFailed((passing or failures or [self._nowhere()])[-1])

    def took_nothing(self, target: Target, outcome: Outcome) -> None:
        """It went through the handshake and then would not have mail."""
        if closing(outcome.reply) is not Closing.TOO_MANY:
            self.dead.add(target)

    def skipping(self) -> str:
        """A sentence: which exchangers are left alone for a while; empty where none is."""
        skipped = self.dead.skipped(self.known)
        if not skipped:
            return ""
        names = ", ".join(f"{target.remote} for another {max(round(seconds), 1)} s" for target, seconds in skipped[:5])
        return f"Left alone, since it took no connection or no mail: {names}. Others are used."

    def _nowhere(self) -> Outcome:
        return deferred(Phase.DNS, "The next hop has no address to connect to.", "4.4.4")

    async def _policy(self) -> StsPolicy | None:
        if self.sts is None or not demand.has_policies(self.connector, self.next_hop):
            return None
        return await self.sts.get(self.next_hop.domain, is_private_allowed=self.connector.is_private_address_allowed)

    def _named(self, policy: StsPolicy | None, targets: list[Target]) -> list[Target]:
        """RFC 8461 5: where the policy is enforced, no other host than those it names. Raises ConnectionFailed."""
        if policy is None or policy.mode is not StsMode.ENFORCE:
            return targets
        named = [target for target in targets if policy.covers(target.host)]
        if targets and not named:
            hosts = ", ".join(dict.fromkeys(target.host for target in targets))
            reason = (
                f"The MTA-STS policy of {self.next_hop.domain} (enforce) names none of its mail exchangers: {hosts}."
            )
            raise ConnectionFailed(deferred(Phase.TLS, reason, "4.7.5"))
        return named

    async def _reach(self, targets: list[Target], failures: list[Outcome], wanted: Demand) -> Dialled | None:
        """A connection to one of the addresses of an exchanger; what went wrong is added to ``failures``."""
        while targets:
            for target in targets:
                self.dead.try_now(target)
            raced = await self._connect(targets)
            for failed, outcome in raced.failed:
                targets.remove(failed)
                self.dead.add(failed)
                failures.append(outcome)
            if raced.target is None or raced.client is None:
                break
            targets.remove(raced.target)
            try:
                return await self._greet(raced.client, raced.target, wanted)
            except ConnectionFailed as greeting:
                failures.append(greeting.outcome)
                if greeting.outcome.phase is Phase.BANNER:
                    self.took_nothing(raced.target, greeting.outcome)
        return None

    async def _connect(self, targets: Sequence[Target]) -> Raced:
        return await race.connect(
            targets,
            self.timeouts,
            source_address=self.connector.source_ip_address,
            prepare=lambda client: protocol.attach(client, self.connector, self.protocol),
        )

    async def _greet(self, client: Client, target: Target, wanted: Demand) -> Dialled:
        """Through the handshake; where TLS fails and the level allows, over a new connection in clear."""
        try:
            dialled = await self._shake(client, target, wanted, has_tls_failed=False)
        except ConnectionFailed as failed:
            if wanted.is_tested and failed.outcome.phase is Phase.TLS:
                less = demand.untested(self.connector, self.next_hop, failed.outcome.reason)
                return await self._greet(await self._connect_again(target), target, less)
            if not isinstance(failed, HandshakeFailed) or not tls_policy.may_fall_back(wanted.level):
                if failed.outcome.phase is Phase.TLS:
                    raise ConnectionFailed(wanted.explain(failed.outcome)) from None
                raise
            dialled = await self._shake(await self._connect_again(target), target, wanted, has_tls_failed=True)
        self.dead.revive(target)
        return dialled

    async def _connect_again(self, target: Target) -> Client:
        again = await self._connect([target])
        if again.client is None:
            raise ConnectionFailed(again.failed[0][1]) from None
        return again.client

    async def _shake(self, client: Client, target: Target, wanted: Demand, *, has_tls_failed: bool) -> Dialled:
        try:
            capabilities = await self.greeter.greet(client, target.host, has_tls_failed=has_tls_failed, demand=wanted)
        except BaseException:
            client.abort()
            raise
        return Dialled(client, capabilities, target)
