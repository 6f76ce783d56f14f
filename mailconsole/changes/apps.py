"""Draft, review, publish; revisions."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "mailconsole.changes"
    label = "changes"
    verbose_name = "Changes"
