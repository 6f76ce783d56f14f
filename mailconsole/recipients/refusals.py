"""What the services of this app refuse, by name."""

from mailconsole.common.refusals import Refusal


class SourceRefused(Refusal):
    """A setting of the source cannot be used; the text names it, and `field` where it is one alone."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooManyTests(Refusal):
    """This person has had servers asked too often just now."""


class SyncInProgress(Refusal):
    """This source is being read already; one reading at a time."""


class NothingToConfirm(Refusal):
    """The last run was not stopped, so there is no shrink to confirm."""


class SyncNotAsked(Refusal):
    """The broker did not take the request; nothing was started."""


class ReasonMissing(Refusal):
    """This act needs a reason for the audit."""


class NothingToCancel(Refusal):
    """No reading of this source goes on."""


class SyncCancelled(Refusal):
    """Somebody ended the reading while it went on."""


class ConsoleSignInRefused(Refusal):
    """The directory knows the person, and they may not come in; the text says why."""


class GroupNotFound(Refusal):
    """No security group has this name, or more than one."""
