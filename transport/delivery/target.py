"""One address to connect to. A value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """``host`` is the name its certificate is verified by."""

    host: str
    address: str
    port: int

    @property
    def remote(self) -> str:
        """``host[address]:port``."""
        return f"{self.host}[{self.address}]:{self.port}"
