"""What all delivery queues of a node share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transport.model.envelope import Message, Recipient
from transport.model.hold import Hold
from transport.ports.spool import Spool
from transport.queues.bodies import BodyBudget
from transport.queues.ledger import Ledger
from transport.queues.parking import Parking
from transport.queues.scheduler import Scheduler
from transport.queues.transaction import Transaction

if TYPE_CHECKING:
    from transport.queues.mail_queue import MailQueue


@dataclass(slots=True)
class Shelf:
    """``clock`` gives unix seconds; ``chance`` numbers from 0 to 1. ``is_draining``: nothing more is begun.
    ``set_aside`` keeps what left its queue and cannot be processed for an operator, with the reason;
    ``orphaned`` is told of mail in a queue whose connector is gone, ``unread`` of what could not be read to leave;
    ``remove`` gives them up at an operator's word (queue key, message, recipients, hold). ``is_lifted`` tells whether a
    hold rule holds nothing any more. ``connection_shares``: by rank, how many may be delivered at once."""

    spool: Spool
    ledger: Ledger
    scheduler: Scheduler
    clock: Callable[[], float]
    parking: Parking = field(init=False)
    budget: BodyBudget = field(default_factory=BodyBudget)
    chance: Callable[[], float] = random.random
    is_draining: bool = False
    poison_threshold: int = 2
    connection_shares: dict[int, int] = field(default_factory=dict)
    remove: Callable[[str, Message, list[Recipient], Hold], None] = lambda key, message, recipients, hold: None
    is_lifted: Callable[[str], bool] = lambda rule_id: False
    set_aside: Callable[[Transaction, str], None] = lambda transaction, reason: None
    orphaned: Callable[[MailQueue], None] = lambda queue: None
    unread: Callable[[MailQueue, list[Transaction]], None] = lambda queue, transactions: None

    def __post_init__(self) -> None:
        self.parking = Parking(self.spool, self.ledger)
