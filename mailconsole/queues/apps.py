"""Live queues and what operators do with them."""

from django.apps import AppConfig


class QueuesConfig(AppConfig):
    name = "mailconsole.queues"
    label = "queues"
    verbose_name = "Queues"
