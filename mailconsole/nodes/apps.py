"""Transport nodes as the console knows them, and what they show live."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "mailconsole.nodes"
    label = "nodes"
    verbose_name = "Nodes"

    def ready(self) -> None:
        from mailconsole.common.slots import Slot, fill
        from mailconsole.nodes.health import transport_health

        fill(Slot.TRANSPORT_HEALTH, template="nodes/_health.html", provider=transport_health)
