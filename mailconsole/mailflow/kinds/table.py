"""The pages of mail flow as one table, in the order of the navigation."""

from __future__ import annotations

from mailconsole.mailflow.kinds.approval import APPROVAL
from mailconsole.mailflow.kinds.connectors import CONNECTORS
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.organization import ORGANIZATION
from mailconsole.mailflow.kinds.recipients import RECIPIENTS
from mailconsole.mailflow.kinds.rules import RULES
from mailconsole.mailflow.kinds.senders import SENDERS

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in sorted(
        (*CONNECTORS, *SENDERS, *RECIPIENTS, *RULES, *ORGANIZATION, *APPROVAL), key=lambda kind: kind.order
    )
}
