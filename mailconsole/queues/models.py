"""What operators have ordered to last: nodes read it from here and keep it on their own disks."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from transport.model.queue_filter import QueueFilter

KEY_LENGTH = 700


class QueueSuspension(models.Model):
    """Nothing leaves this queue, on any node, until the row goes."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class HoldRuleState(models.TextChoices):
    """Whether a hold rule holds mail now."""

    IN_FORCE = "in_force", "In force"
    LIFTED = "lifted", "Lifted"
    EXPIRED = "expired", "Expired"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    HoldRuleState.IN_FORCE: "Mail that it means is held as it comes.",
    HoldRuleState.LIFTED: "Somebody lifted it; what it held went on.",
    HoldRuleState.EXPIRED: "Its time is over; what it held went on.",
}


class HoldRule(models.Model):
    """Mail to come that is held. `filter` is a QueueFilter's row; without `expires_at` it lasts until it is lifted."""

    filter = models.JSONField()
    reason = models.CharField(max_length=500)
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.pk}: {self.wanted.sentence}"

    @property
    def wanted(self) -> QueueFilter:
        """Raises BadFilter."""
        return QueueFilter.of_row(self.filter)

    @property
    def rule_id(self) -> str:
        """What nodes call it."""
        return str(self.pk)

    def state(self, now: datetime) -> HoldRuleState:
        if self.lifted_at is not None:
            return HoldRuleState.LIFTED
        if self.expires_at is not None and self.expires_at <= now:
            return HoldRuleState.EXPIRED
        return HoldRuleState.IN_FORCE
