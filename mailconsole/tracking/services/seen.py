"""Which addresses accepted mail was sent to, as long as it is kept."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from mailconsole.changes.recorded import Row
from mailconsole.tracking.models import Message, MessageRecipient


class TrackedMail:
    """By the rows of tracked recipients: an address that led to another one has a row as well as that."""

    def began_at(self) -> datetime | None:
        return Message.objects.order_by("received_at").values_list("received_at", flat=True).first()

    def without_mail(self, rows: QuerySet[Row], *, key: str, since: datetime) -> QuerySet[Row]:
        """One seek in the index for each row, however much mail an address gets.

        Internationalised addresses have several spellings, and mail is tracked by that of its sender: nothing is said
        of them.
        """
        mail = MessageRecipient.objects.filter(address_key=OuterRef(key), received_at__gte=since)
        return rows.filter(~Exists(mail), **{f"{key}__regex": r"^[!-~]+$"}).exclude(**{f"{key}__contains": "xn--"})
