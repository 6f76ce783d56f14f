"""The nodes page: who keeps second copies of whose mail, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.snapshots import Live
from transport.model.snapshot import ShadowSnapshot


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One node: what protects its mail."""

    node: str
    shadow: ShadowSnapshot

    @property
    def tone(self) -> str:
        if not self.shadow.why_unprotected:
            return "good"
        return "bad" if self.shadow.is_required else "warn"

    @property
    def word(self) -> str:
        if not self.shadow.why_unprotected:
            return "Protected"
        return "Refusing" if self.shadow.is_required else "Unprotected"

    @property
    def sentence(self) -> str:
        """What it means now."""
        if not self.shadow.why_unprotected:
            return "Another node keeps a copy of each message before it is accepted."
        consequence = "mail is refused (450 4.5.1)" if self.shadow.is_required else "mail is accepted without a copy"
        return f"{self.shadow.why_unprotected} Until then {consequence}."

    @property
    def keepers(self) -> str:
        """The first one that can is asked."""
        return ", ".join(peer.node for peer in self.shadow.peers if peer.is_live)


def copy_rows(live: Live, now: datetime) -> list[Piece]:
    """Every node that has others keep copies, or keeps some."""
    rows = [CopyRow(one.node, one.shadow) for one in live.snapshots if one.shadow is not None]
    if not rows:
        return [piece("none", "overview/_no_second_copy.html", live=live)]
    return [piece(row.node, "overview/_second_copy.html", row=row) for row in rows]
