"""The guided first set-up: from a fresh start to mail that flows, in three steps."""

from django.apps import AppConfig


class SetupConfig(AppConfig):
    name = "mailconsole.setup"
    label = "setup"
    verbose_name = "First set-up"

    def ready(self) -> None:
        from mailconsole.accounts import landing
        from mailconsole.common.slots import Slot, fill
        from mailconsole.setup import frame

        landing.register(frame.landing)
        fill(Slot.NOTICE, template="setup/_notice.html", provider=frame.notice)
