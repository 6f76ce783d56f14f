"""Pages and forms of connectors, relay policies, IP filters and domains."""

from django.apps import AppConfig


class MailFlowConfig(AppConfig):
    name = "mailconsole.mailflow"
    label = "mailflow"
    verbose_name = "Mail flow"

    def ready(self) -> None:
        from mailconsole.common import navigation, search
        from mailconsole.mailflow.hits import find_objects
        from mailconsole.mailflow.kinds.table import KINDS

        for kind in KINDS.values():
            page = "edit" if kind.name == "organization" else "list"
            navigation.register(
                navigation.NavItem(
                    navigation.Section.CHANGES if kind.is_about_changes else navigation.Section.MAIL_FLOW,
                    kind.plural,
                    f"mailflow:{kind.stem}-{page}",
                    kind.icon,
                    kind.order,
                    key=kind.key,
                    also_under="/learning/" if kind.name == "receive_connectors" else "",
                    group=kind.nav_group,
                )
            )
        search.register(search.Searcher("Mail flow", 20, find_objects))
