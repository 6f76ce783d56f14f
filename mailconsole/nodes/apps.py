"""Transport nodes as the console knows them."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "mailconsole.nodes"
    label = "nodes"
    verbose_name = "Nodes"
