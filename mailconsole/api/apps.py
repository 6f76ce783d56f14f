"""The same services over HTTP, and as verbs of the command `config`."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "mailconsole.api"
    label = "api"
    verbose_name = "API"

    def ready(self) -> None:
        from mailconsole.api.cli.verbs import add_verbs
        from mailconsole.changes.cli import more

        more.register(add_verbs)
