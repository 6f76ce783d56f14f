"""Asks the rules that run whether a stranger may relay, and tells what is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from transport.gateways import gateways
from transport.model.event import EventId, TrackingEvent
from transport.rules import open_relay
from transport.rules.ruleset import Ruleset

log = structlog.get_logger(__name__)


class OpenRelayWatch:
    """``sentences`` are the openings of the rules looked at last that nobody meant."""

    def __init__(
        self, *, node: str, record: Callable[[Sequence[TrackingEvent]], None], clock: Callable[[], float]
    ) -> None:
        self.sentences: tuple[str, ...] = ()
        self._node = node
        self._record = record
        self._clock = clock

    def look(self, ruleset: Ruleset) -> None:
        now = self._clock()
        found = open_relay.find_openings(ruleset.document, own_peers=gateways(), now=now)
        sentences = tuple(opening.sentence for opening in found if not opening.is_meant)
        new = [sentence for sentence in sentences if sentence not in self.sentences]
        self.sentences = sentences
        for sentence in new:
            log.warning("service.open_relay", node=self._node, reason=sentence)
        if new:
            detail = {"level": "High"}
            self._record([TrackingEvent(EventId.OPEN_RELAY, now, reason=one, detail=detail) for one in new])
