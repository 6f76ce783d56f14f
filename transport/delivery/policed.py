"""A Source whose outcomes are what its send connector's error policies make of them."""

from __future__ import annotations

from collections.abc import Sequence

from transport.model.outcome import Outcome
from transport.queues.courier import Source
from transport.queues.transaction import Transaction
from transport.rules.error_policies import ErrorPolicies


class PolicedSource:
    """Stands between a queue and its pool where the connector has such policies."""

    def __init__(self, source: Source, policies: ErrorPolicies) -> None:
        self._source = source
        self._policies = policies

    @property
    def backlog(self) -> int:
        return self._source.backlog

    def take(self) -> Transaction | None:
        return self._source.take()

    def put_back(self, transaction: Transaction) -> None:
        self._source.put_back(transaction)

    def split(self, transaction: Transaction, limit: int) -> None:
        self._source.split(transaction, limit)

    def settle(self, transaction: Transaction, outcomes: Sequence[Outcome | None]) -> None:
        apply = self._policies.apply
        self._source.settle(transaction, [apply(outcome) if outcome is not None else None for outcome in outcomes])

    def delivered(self, transaction: Transaction, reply: str, remote: str, tls: str) -> bool:
        return self._source.delivered(transaction, reply, remote, tls)

    def unreachable(self, outcome: Outcome) -> None:
        self._source.unreachable(self._policies.apply(outcome))
