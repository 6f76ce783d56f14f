"""Pages and forms for connectors, relay policies, domains, IP filters."""

from django.apps import AppConfig


class MailflowConfig(AppConfig):
    name = "mailconsole.mailflow"
    label = "mailflow"
    verbose_name = "Mail flow"
