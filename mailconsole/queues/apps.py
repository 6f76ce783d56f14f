"""Live queues and what operators do with them."""

from django.apps import AppConfig


class QueuesConfig(AppConfig):
    name = "mailconsole.queues"
    label = "queues"
    verbose_name = "Queues"

    def ready(self) -> None:
        from mailconsole.common.navigation import NavItem, Section, register
        from mailconsole.nodes.live import regions
        from mailconsole.queues.live import queue_cards, queue_rows, waiting_rows

        register(NavItem(Section.MONITOR, "Queues", "queues:list", "inbox", 20, key="q"))
        regions.register(
            regions.Region("queues", queue_rows),
            regions.Region("queue-cards", queue_cards),
            regions.Region("queues-waiting", waiting_rows),
        )
