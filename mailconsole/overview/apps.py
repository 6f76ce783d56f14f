"""The first page."""

from django.apps import AppConfig


class OverviewConfig(AppConfig):
    name = "mailconsole.overview"
    label = "overview"
    verbose_name = "Overview"

    def ready(self) -> None:
        from mailconsole.common.navigation import NavItem, Section, register
        from mailconsole.nodes.live import regions
        from mailconsole.overview.live import node_rows, waiting_changes
        from mailconsole.overview.resources import resource_rows
        from mailconsole.overview.second_copies import copy_rows

        register(
            NavItem(Section.MONITOR, "Overview", "overview:home", "dashboard", 10, key="o"),
            NavItem(Section.MONITOR, "Nodes", "overview:nodes", "server", 50),
        )
        regions.register(
            regions.Region("nodes", node_rows),
            regions.Region("resources", resource_rows),
            regions.Region("second-copies", copy_rows),
            regions.Region("changes-waiting", waiting_changes),
        )
