"""The recipients of our own that may send by limits of their own; built once for each revision. Pure."""

from __future__ import annotations

from transport.config.document import MailFlow
from transport.config.objects import Recipient


class LimitedSenders:
    """``find`` by the key of any of their addresses; ``sizes`` are the largest messages they may send."""

    def __init__(self, document: MailFlow) -> None:
        limited = [one for one in document.recipients if one.has_sending_limits]
        self._by_key = {address.lower(): one for one in limited for address in one.addresses}
        self.sizes = tuple(one.max_send_size for one in limited if one.max_send_size is not None)

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def find(self, key: str) -> Recipient | None:
        return self._by_key.get(key)
