"""What the console keeps of directories: the sources, what they said last, and every reading of them.

Rows of recipients are a projection for people; nodes use the look-up file that is built from them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from directory.mapping import DEFAULT_FILTER
from directory.model import ChangesBy, RecipientKind
from directory.model import Recipient as DirectoryRecipient
from directory.settings import DEFAULT_PAGE_SIZE, BindMethod, Security
from directory.snapshot_schema import ConflictRule
from mailconsole.accounts.roles import Role
from mailconsole.recipients.states import SyncState, SyncTrigger

STALE_AFTER_S = 300
UNUSED_AFTER_DAYS = 30


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


class AddressConflict(models.Model):
    """One address that several objects claim, as the look-up file in use has it: mail to it waits."""

    address = models.TextField(unique=True)
    object_guids = models.JSONField()
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.address


class ProxyReview(models.Model):
    """The last time that tracked mail was asked which proxy addresses it used: one row.

    ``since`` is the beginning of the window, or of what is tracked where that is later.
    """

    reviewed_at = models.DateTimeField()
    since = models.DateTimeField()
    days = models.PositiveIntegerField()
    proxy_count = models.PositiveIntegerField()
    unused_count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.unused_count} of {self.proxy_count} since {self.since:%Y-%m-%d}"

    @property
    def known_days(self) -> int:
        """The days of which something is known, one that began among them: old mail goes by the hour."""
        return -((self.since - self.reviewed_at) // timedelta(days=1))

    @property
    def is_short(self) -> bool:
        """Whether less is tracked than the window asks for: too little to tell."""
        return self.known_days < self.days


class DirectoryRules(models.Model):
    """What holds for all directories: one row."""

    conflict_rule = models.CharField(
        max_length=20, choices=[(one.value, one.label) for one in ConflictRule], default=ConflictRule.WAIT.value
    )
    unused_after_days = models.PositiveIntegerField(default=UNUSED_AFTER_DAYS)

    def __str__(self) -> str:
        return "Rules for all directories"

    @property
    def conflict_rule_value(self) -> ConflictRule:
        return ConflictRule(self.conflict_rule)

    @classmethod
    def current(cls) -> DirectoryRules:
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class GroupRole(models.Model):
    """Whoever is in this security group of the directory, through nested groups too, has this role in the console."""

    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="group_roles")
    group_sid = models.CharField(max_length=200)
    group_name = models.CharField(max_length=300)
    group_dn = models.TextField()
    role = models.CharField(max_length=30, choices=[(one.value, one.label) for one in Role])

    class Meta:
        ordering = ["group_name", "role"]
        constraints = [models.UniqueConstraint(fields=["source", "group_sid", "role"], name="group_role_once_a_source")]

    def __str__(self) -> str:
        return f"{self.group_name}: {self.role_value.label}"

    @property
    def role_value(self) -> Role:
        return Role(self.role)


class DirectoryPerson(models.Model):
    """A person of the console who is known by a directory: it says whether they may sign in, and what they may do.

    `ended_because` is the directory's reason for which the account is switched off here; empty where it isn't so.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="directory_person")
    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="people")
    object_guid = models.UUIDField()
    checked_at = models.DateTimeField()
    ended_because = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "object_guid"], name="directory_person_once_a_source")]

    def __str__(self) -> str:
        return f"{self.user} of {self.source}"


class SignInTry(models.Model):
    """Tries of one account or name that were wrong, or one wrong password of it; `key` is a keyed digest of which."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.until:%Y-%m-%d %H:%M:%S}"
