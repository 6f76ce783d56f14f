"""The first page."""

from django.apps import AppConfig


class OverviewConfig(AppConfig):
    name = "mailconsole.overview"
    label = "overview"
    verbose_name = "Overview"
