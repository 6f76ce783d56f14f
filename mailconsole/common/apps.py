"""What every console app may use: secrets, forms, pages, words."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "mailconsole.common"
    label = "common"
    verbose_name = "Common"
