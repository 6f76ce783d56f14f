"""What directories said last, as people browse it: a projection; nodes use the look-up file that is built from it."""

from __future__ import annotations

from django.db import models

from directory.model import Recipient as DirectoryRecipient
from directory.model import RecipientKind
from mailconsole.recipients.models.sources import DirectorySource


class Recipient(models.Model):
    """One object that takes mail, known by its object GUID through renames. `document` is the whole value."""

    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="recipients")
    object_guid = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=30, db_index=True)
    display_name = models.TextField()
    primary_address = models.TextField()
    search_text = models.TextField()
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["display_name", "pk"]
        constraints = [models.UniqueConstraint(fields=["source", "object_guid"], name="recipient_once_a_source")]
        indexes = [models.Index(fields=["display_name"], name="recipient_display_name")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def value(self) -> DirectoryRecipient:
        return DirectoryRecipient.from_document(self.document)

    @property
    def kind_value(self) -> RecipientKind:
        return RecipientKind(self.kind)


class RecipientAddress(models.Model):
    """One address of one recipient, found by its key; an address on two rows is a conflict, to be shown as such."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="address_rows")
    key = models.TextField(db_index=True)
    address = models.TextField()
    is_primary = models.BooleanField()
    is_unused = models.BooleanField(default=False)
    """No mail came to it in the window of the last review (``ProxyReview``)."""

    class Meta:
        indexes = [models.Index(fields=["key"], name="address_unused", condition=models.Q(is_unused=True))]

    def __str__(self) -> str:
        return self.address


class GroupMember(models.Model):
    """One member of one group, by object GUID; it may be no recipient that is known."""

    group = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="member_rows")
    member_guid = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return f"{self.member_guid} in {self.group_id}"


class AddressConflict(models.Model):
    """One address that several objects claim, as the look-up file in use has it: mail to it waits."""

    address = models.TextField(unique=True)
    object_guids = models.JSONField()
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.address
