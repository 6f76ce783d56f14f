"""What every console app may use: secrets, forms, pages, words."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "mailconsole.common"
    label = "common"
    verbose_name = "Common"

    def ready(self) -> None:
        from mailconsole.common import help as help_pages
        from mailconsole.common import search
        from mailconsole.common.navigation import NavItem, Section, register

        register(NavItem(Section.ADMINISTRATION, "Settings", "common:settings", "settings", 90))
        search.register(search.Searcher("Help", 90, help_pages.search_help))
