"""The directory as people browse it."""

from django.apps import AppConfig


class RecipientsConfig(AppConfig):
    name = "mailconsole.recipients"
    label = "recipients"
    verbose_name = "Directory"

    def ready(self) -> None:
        from mailconsole.accounts import elsewhere
        from mailconsole.changes import recorded
        from mailconsole.common import navigation, search
        from mailconsole.nodes.live import regions
        from mailconsole.recipients.hits import find_recipients
        from mailconsole.recipients.known import open_directory, open_owners
        from mailconsole.recipients.live import directory_alerts
        from mailconsole.recipients.services.people import word_of
        from mailconsole.recipients.services.search import hiding_addresses

        directory = navigation.Section.DIRECTORY
        navigation.register(
            navigation.NavItem(directory, "Recipients", "recipients:list", "users", order=10, key="d"),
            navigation.NavItem(directory, "Sync", "recipients:sync", "refresh", order=20),
            navigation.NavItem(directory, "To mend", "recipients:to-mend", "tool", order=30),
            navigation.NavItem(navigation.Section.TOOLS, "Who gets mail", "recipients:who", "route", order=20),
        )
        regions.register(regions.Region("directory-alerts", directory_alerts, every_s=10.0))
        search.register(search.Searcher("Recipients", 30, find_recipients))
        recorded.register_directory(open_directory)
        recorded.register_owners(open_owners)
        recorded.register_hiding(hiding_addresses)
        elsewhere.register(word_of)
