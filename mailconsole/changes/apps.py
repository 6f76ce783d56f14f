"""Draft, review and publish; revisions; the plan; restoring."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "mailconsole.changes"
    label = "changes"
    verbose_name = "Changes"

    def ready(self) -> None:
        from mailconsole.accounts.places import plug_in
        from mailconsole.changes import frame
        from mailconsole.changes.live import REGION, change_marks
        from mailconsole.changes.services.places import known_places
        from mailconsole.common.navigation import NavItem, Section, register
        from mailconsole.common.slots import Slot, fill
        from mailconsole.nodes.live import regions

        register(
            NavItem(
                Section.CHANGES,
                "Changes",
                "changes:list",
                "git-pull-request",
                10,
                key="c",
                badge=frame.badge,
                group="Changes",
            ),
            NavItem(
                Section.CHANGES,
                "History",
                "changes:history",
                "history",
                20,
                key="h",
                group="Changes",
                also_under="/changes/revisions/",
            ),
        )
        plug_in(known_places)
        regions.register(regions.Region(REGION, change_marks, every_s=1.0))
        fill(Slot.DRAFT_BAR, template="changes/_draft_bar.html", provider=frame.draft_bar)
        fill(Slot.WAITING, template="changes/_waiting.html", provider=frame.waiting)
