"""Revisions and the changes that lead to them. A revision is written once; only services write the others."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from mailconsole.changes.impact.states import ImpactState
from mailconsole.changes.states import ChangeState, News, Verdict, Way


class Immutable(Exception):
    """The row is written once; it is never changed or deleted."""


class WrittenOnce(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Immutable(f"{self._meta.verbose_name} {self} can't be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Immutable(f"{self._meta.verbose_name} {self} can't be deleted.")


class Section(WrittenOnce):
    """One section of a document in canonical JSON, stored once by its digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=40)
    content = models.TextField()

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"


class Revision(WrittenOnce):
    """One published configuration: a manifest of sections by digest. Numbers have no gaps."""

    number = models.PositiveIntegerField(unique=True)
    digest = models.CharField(max_length=64, db_index=True)
    manifest = models.JSONField()
    parent = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="child")
    change = models.OneToOneField("Change", on_delete=models.PROTECT, null=True, related_name="revision")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    way = models.CharField(max_length=20, choices=Way, default=Way.REVIEWED)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)


class Head(models.Model):
    """The one row that publishers lock, so that two publishes never build on the same revision."""

    number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


class Change(models.Model):
    """A draft, what became of it, and who may decide about it. `base` is the revision that its items began from.

    `publish_at` is when it is published by itself, in the name of `scheduled_by`. `expires_at` is the end that is
    approved with it; `ends_at`, once it is published, when that really is. `restores` is the change that this one took
    back at its end; `prolongs` the one whose end it moves to `prolonged_to`, or lifts.
    """

    title = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="changes")
    former_authors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    base = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=ChangeState, default=ChangeState.DRAFT, db_index=True)
    is_review_owed = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(db_index=True)
    submitted_at = models.DateTimeField(null=True)
    publish_at = models.DateTimeField(null=True, db_index=True)
    scheduled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    schedule_problem = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True, db_index=True)
    ended_at = models.DateTimeField(null=True)
    end_problem = models.TextField(blank=True)
    restores = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="restored_by")
    prolongs = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="prolonged_by")
    prolonged_to = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Change]] = models.Manager()

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def status(self) -> ChangeState:
        """The state with its sentence and tone."""
        return ChangeState(self.state)

    @property
    def is_to_end(self) -> bool:
        """Whether it is in effect, and is taken back by itself."""
        return self.ends_at is not None and self.ended_at is None


class ChangeItem(models.Model):
    """One object that the change makes, changes or deletes; `before` is as in the base, JSON as the document has it."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=100)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    staged_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "object_id"]
        constraints = [models.UniqueConstraint(fields=["change", "kind", "object_id"], name="item_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class KeptForm(models.Model):
    """What one person typed into the form of an object and has not staged; ``object_id`` is empty for a new one.

    ``said`` is what stands in its fields, ``basis`` the object that it began from, both JSON as text: what is typed may
    hold characters that no database's JSON takes.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=100, blank=True)
    said = models.TextField()
    basis = models.TextField()
    began_at = models.DateTimeField()
    kept_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[KeptForm]] = models.Manager()

    class Meta:
        ordering = ["-kept_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["person", "kind", "object_id"], name="kept_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}".rstrip()


class Review(models.Model):
    """One person's word about a change, for the digest of what they saw. `is_void` once the change was edited."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=20, choices=Verdict)
    comment = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    is_void = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer}"


class Comment(models.Model):
    """Something said about a change, or about one item of it."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.text[:40]


class Notice(models.Model):
    """What one person is told of a change: in the bell, and by mail where they want that."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="+")
    news = models.CharField(max_length=20, choices=News)
    text = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_index=True)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["person", "read_at"], name="notice_unread")]

    def __str__(self) -> str:
        return self.text[:40]

    @property
    def tone(self) -> str:
        return News(self.news).tone


class WebhookCall(models.Model):
    """What a program is told of a change. ``next_at`` is when it is tried (again), None once taken or given up."""

    body = models.TextField()
    created_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    taken_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.body[:40]


class MailWish(models.Model):
    """Whether a person wants notices by mail; ``problem`` is why the last one could not be handed over."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_wish")
    is_wanted = models.BooleanField(default=False)
    tried_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return str(self.person)


class ImpactRun(models.Model):
    """One replay of recent traffic, kept by what it compares: the head's digest, the change's, and the days.

    `report` is an impact.report.Report; `sentence` says why there is none."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="impact_runs")
    head_digest = models.CharField(max_length=64)
    change_digest = models.CharField(max_length=64)
    window_days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=ImpactState, default=ImpactState.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    sentence = models.TextField(blank=True)
    report = models.JSONField(null=True)
    asked_at = models.DateTimeField()
    told_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["head_digest", "change_digest", "window_days"], name="impact_once")
        ]

    def __str__(self) -> str:
        return f"impact of {self.change_id}"

    @property
    def state_value(self) -> ImpactState:
        return ImpactState(self.state)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0
