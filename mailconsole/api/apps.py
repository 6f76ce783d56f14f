"""The same services over HTTP."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "mailconsole.api"
    label = "api"
    verbose_name = "API"
