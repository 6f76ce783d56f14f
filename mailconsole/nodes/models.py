"""Transport nodes as they report themselves, and which revision each of them runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

HEARTBEAT_LOST_AFTER = timedelta(seconds=15)
GONE_AFTER = timedelta(hours=1)
"""A node that is silent for so long may be removed: it is no restart."""


class Node(models.Model):
    """One transport process. Every field but `name` and `removed_at` is the node's own last word."""

    name = models.CharField(max_length=100, unique=True)
    worker = models.CharField(max_length=200, blank=True)
    pid = models.PositiveIntegerField(default=0)
    host = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    running_revision = models.PositiveIntegerField(null=True)
    running_digest = models.CharField(max_length=64, blank=True)
    listening = models.JSONField(default=list)
    is_accepting = models.BooleanField(default=False)
    why_not = models.TextField(blank=True)
    shadow_address = models.CharField(max_length=300, blank=True)
    software_version = models.CharField(max_length=50, blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_gone(self, now: datetime) -> bool:
        """Whether it may be removed."""
        return self.heartbeat_at is None or now - self.heartbeat_at > GONE_AFTER

    def is_lost(self, now: datetime) -> bool:
        """Whether nothing was heard from it for too long."""
        return self.heartbeat_at is None or now - self.heartbeat_at > HEARTBEAT_LOST_AFTER


class ActivationState(models.TextChoices):
    """What became of a published revision on one node."""

    PENDING = "pending", "Pending"
    ACTIVE = "active", "Active"
    REFUSED = "refused", "Refused"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ActivationState.PENDING: "The node has not said yet that it runs the revision.",
    ActivationState.ACTIVE: "The node runs the revision.",
    ActivationState.REFUSED: "The node could not run the revision and keeps its last good one.",
}


class Activation(models.Model):
    """One node's answer to one revision; published is not running."""

    revision = models.PositiveIntegerField()
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="activations")
    state = models.CharField(max_length=10, choices=ActivationState, default=ActivationState.PENDING)
    error = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-revision", "node__name"]
        constraints = [models.UniqueConstraint(fields=["revision", "node"], name="activation_once")]

    def __str__(self) -> str:
        return f"{self.revision} on {self.node_id}: {self.state}"


class NodeEvent(models.Model):
    """Something that happened to a node, not to one message: back pressure, a bad file in its pickup directory.

    `event` is a transport EventId; `sequence` the node's number of the event, so that none is kept twice.
    """

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="events")
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    event = models.CharField(max_length=20)
    sentence = models.TextField()
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-sequence"]
        constraints = [models.UniqueConstraint(fields=["node", "sequence"], name="node_event_once")]
        indexes = [models.Index(fields=["-at", "-sequence"], name="node_event_newest")]

    def __str__(self) -> str:
        return f"{self.event} on {self.node_id}"
