"""What the console keeps of directories: the sources, what they said last, and every reading of them. Django looks for
models here."""

from mailconsole.recipients.models.people import DirectoryPerson, GroupRole, SignInTry
from mailconsole.recipients.models.recipients import AddressConflict, GroupMember, Recipient, RecipientAddress
from mailconsole.recipients.models.rules import UNUSED_AFTER_DAYS, DirectoryRules, ProxyReview
from mailconsole.recipients.models.sources import STALE_AFTER_S, DirectorySource, SyncRun

__all__ = (
    "STALE_AFTER_S",
    "UNUSED_AFTER_DAYS",
    "AddressConflict",
    "DirectoryPerson",
    "DirectoryRules",
    "DirectorySource",
    "GroupMember",
    "GroupRole",
    "ProxyReview",
    "Recipient",
    "RecipientAddress",
    "SignInTry",
    "SyncRun",
)
