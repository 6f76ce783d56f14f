"""Which send connector carries a queue's mail: couriers are made as the configuration says, and retired with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from transport.config.document import MailFlow
from transport.config.objects import SendConnector
from transport.queues.courier import Couriers
from transport.queues.delivery_queue import DeliveryQueue

RETIRE_S = 660.0  # longer than a server may take after the dot: to cut it short would send the message twice


class Carriers:
    """``hostname`` is our name in a configuration that has none. ``retired`` is told of a queue whose connections have
    ended what they were doing: some of it may wait again."""

    def __init__(self, couriers: Couriers, hostname: str, retired: Callable[[DeliveryQueue], None]) -> None:
        self._couriers = couriers
        self._on_retired = retired
        self._default_hostname = hostname
        self.hostname = hostname
        self.connectors: dict[str, SendConnector] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def use(self, document: MailFlow) -> None:
        """Work under ``document`` from now on."""
        self.connectors = {connector.id: connector for connector in document.send_connectors}
        self.hostname = document.organization.hostname or self._default_hostname
        self._couriers.bound(document.organization.max_outbound_connections)

    def connector(self, connector_id: str) -> SendConnector | None:
        """The enabled send connector of that id."""
        found = self.connectors.get(connector_id)
        return found if found is not None and found.is_enabled else None

    def open(self, queue: DeliveryQueue) -> bool:
        """Give ``queue`` a courier; False where it has no connector now."""
        connector = self.connector(queue.hop.connector_id)
        if connector is not None:
            queue.courier = self._couriers.open(queue.hop, connector, queue, hostname=self.hostname)
        return connector is not None

    def retire(self, queue: DeliveryQueue) -> None:
        """Its connections end what they are doing, then close."""
        courier, queue.courier = queue.courier, None
        if courier is not None:
            task = asyncio.get_running_loop().create_task(courier.close(RETIRE_S))
            self._retiring.add(task)
            task.add_done_callback(partial(self._retired, queue))

    def _retired(self, queue: DeliveryQueue, task: asyncio.Task[None]) -> None:
        self._retiring.discard(task)
        self._on_retired(queue)

    async def retired(self, timeout_s: float) -> None:
        """The couriers of former configurations have closed, or are closed now."""
        if self._retiring:
            _, late = await asyncio.wait(self._retiring, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def covers(connector: SendConnector | None) -> object:
    """What of a connector decides which mail it gets."""
    if connector is None:
        return None
    return (
        connector.address_spaces,
        connector.home_servers,
        connector.smart_hosts,
        connector.max_message_size,
        connector.source_transport_servers,
        connector.is_mta_sts_enabled and connector.is_tls_required_no_honoured,
    )
