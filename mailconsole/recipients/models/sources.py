"""The directories that are read, and each reading of them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from directory.mapping import DEFAULT_FILTER
from directory.model import ChangesBy
from directory.settings import DEFAULT_PAGE_SIZE, BindMethod, Security
from mailconsole.recipients.states import SyncState, SyncTrigger

STALE_AFTER_S = 300


class DirectorySource(models.Model):
    """One directory and how to reach it. The bind password lies in the secret store under `secret_name`.

    `generation` counts the changes of its recipients: a look-up file knows from which generations it was made.
    `positions` is how far each controller's count of changes was when it was read, by invocation id; `cookies` are
    DirSync's, in base64, of those that permit it. `changes_by` is how the next changes will be told.
    """

    name = models.CharField(max_length=100, unique=True)
    servers = models.TextField(blank=True)
    domain = models.CharField(max_length=253, blank=True)
    site = models.CharField(max_length=100, blank=True)
    security = models.CharField(max_length=20, choices=[(one.value, one.label) for one in Security])
    is_plain_allowed = models.BooleanField(default=False)
    ca_pem = models.TextField(blank=True)
    tls_name = models.CharField(max_length=253, blank=True)
    base_dn = models.CharField(max_length=1000)
    bind_user = models.CharField(max_length=500)
    bind_method = models.CharField(
        max_length=20, choices=[(one.value, one.label) for one in BindMethod], default=BindMethod.PASSWORD.value
    )
    keytab = models.CharField(max_length=500, blank=True)
    credential_cache = models.CharField(max_length=500, blank=True)
    search_filter = models.TextField(default=DEFAULT_FILTER)
    page_size = models.PositiveIntegerField(
        default=DEFAULT_PAGE_SIZE, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    shrink_limit_percent = models.PositiveIntegerField(default=10, validators=[MaxValueValidator(100)])
    is_enabled = models.BooleanField(default=True)
    changes_every_min = models.PositiveIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(24 * 60)]
    )
    whole_every_h = models.PositiveIntegerField(
        default=24, validators=[MinValueValidator(1), MaxValueValidator(24 * 30)]
    )
    attribute_names = models.JSONField(default=dict, blank=True)
    is_console_sign_in_allowed = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    last_read_at = models.DateTimeField(null=True, editable=False)
    last_whole_at = models.DateTimeField(null=True, editable=False)
    positions = models.JSONField(default=dict, editable=False)
    cookies = models.JSONField(default=dict, editable=False)
    changes_by = models.CharField(
        max_length=20, blank=True, choices=[(one.value, one.label) for one in ChangesBy], editable=False
    )
    why_not_dirsync = models.TextField(blank=True, editable=False)
    generation = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secret_name(self) -> str:
        return f"directory/{self.pk}/bind-password"

    @property
    def has_password(self) -> bool:
        """Whether its account signs in by one; Kerberos needs none."""
        return bool(self.bind_method == BindMethod.PASSWORD)

    @property
    def changes_by_value(self) -> ChangesBy | None:
        return ChangesBy(self.changes_by) if self.changes_by else None


class SyncRun(models.Model):
    """One reading of one source: what it found, what it changed, or why it could not."""

    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=20, choices=[(one.value, one.label) for one in SyncState])
    trigger = models.CharField(max_length=20, choices=[(one.value, one.label) for one in SyncTrigger])
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    is_whole = models.BooleanField(default=True)
    told_by = models.CharField(max_length=20, blank=True, choices=[(one.value, one.label) for one in ChangesBy])
    is_cancel_asked = models.BooleanField(default=False)
    started_at = models.DateTimeField(db_index=True)
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    server = models.CharField(max_length=300, blank=True)
    message = models.TextField(blank=True)
    controller_s = models.FloatField(default=0)
    entries_read = models.PositiveIntegerField(default=0)
    recipient_count = models.PositiveIntegerField(default=0)
    added_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    removed_count = models.PositiveIntegerField(default=0)
    problem_count = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    changes = models.JSONField(default=list)

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.source} {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def state_value(self) -> SyncState:
        return SyncState(self.state)

    @property
    def took_s(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    @property
    def changed_words(self) -> str:
        """`12 added, 1 removed`; empty where nothing changed."""
        counts = {"added": self.added_count, "changed": self.changed_count, "removed": self.removed_count}
        return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)

    def is_stale(self, now: datetime) -> bool:
        """Whether a run that should be going has gone silent: its worker ended before it did."""
        return self.state == SyncState.RUNNING and (now - self.heartbeat_at).total_seconds() > STALE_AFTER_S
