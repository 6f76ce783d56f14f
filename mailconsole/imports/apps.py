"""Mail flow of another system becomes a draft, with a report of what was mapped, approximated and left out."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "mailconsole.imports"
    label = "imports"
    verbose_name = "Imports"

    def ready(self) -> None:
        from mailconsole.accounts.roles import Role
        from mailconsole.changes import papers
        from mailconsole.changes.cli import more
        from mailconsole.common.navigation import NavItem, Section, register
        from mailconsole.imports.cli import add_import
        from mailconsole.imports.reports import papers_of

        register(NavItem(Section.TOOLS, "Import", "imports:new", "upload", 30, role=Role.EDITOR.value))
        papers.register(papers_of)
        more.register(add_import)
