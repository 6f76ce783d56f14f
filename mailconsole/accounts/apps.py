"""Who may do what: people, roles, sign-in, API tokens."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "mailconsole.accounts"
    label = "accounts"
    verbose_name = "People and roles"
