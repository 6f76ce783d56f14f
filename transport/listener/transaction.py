"""One mail transaction of a session: from MAIL to the end of DATA."""

from __future__ import annotations

from dataclasses import dataclass, field

from transport.listener.parameters import MailParameters, RcptParameters
from transport.model.verdict import Step


@dataclass(slots=True)
class Transaction:
    """``trail`` holds the steps of accepted commands, each once."""

    mail: MailParameters
    recipients: list[RcptParameters] = field(default_factory=list)
    trail: dict[Step, None] = field(default_factory=dict)
