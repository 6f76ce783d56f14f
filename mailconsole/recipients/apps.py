"""The directory as people browse it."""

from django.apps import AppConfig


class RecipientsConfig(AppConfig):
    name = "mailconsole.recipients"
    label = "recipients"
    verbose_name = "Directory"
