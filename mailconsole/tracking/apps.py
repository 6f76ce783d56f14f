"""Message trace, refusals, counters."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "mailconsole.tracking"
    label = "tracking"
    verbose_name = "Tracking"

    def ready(self) -> None:
        from mailconsole.changes import recorded
        from mailconsole.common import navigation, search
        from mailconsole.nodes import removal
        from mailconsole.nodes.live import regions
        from mailconsole.tracking import hits, live
        from mailconsole.tracking.explained import find_refusal
        from mailconsole.tracking.services.decisions import recent_decisions
        from mailconsole.tracking.services.last_use import last_use
        from mailconsole.tracking.services.lost import mark_lost
        from mailconsole.tracking.services.seen import TrackedMail
        from mailconsole.tracking.services.uses import object_uses

        monitor = navigation.Section.MONITOR
        navigation.register(
            navigation.NavItem(monitor, "Messages", "tracking:messages", "mail-search", 30, key="m"),
            navigation.NavItem(monitor, "Refusals", "tracking:refusals", "shield-x", 40, key="r"),
        )
        search.register(search.Searcher("Messages", 10, hits.find_messages))
        recorded.register_decisions(recent_decisions)
        recorded.register_last_use(last_use)
        recorded.register_refusals(find_refusal)
        recorded.register_uses(object_uses)
        recorded.register_mail_seen(TrackedMail())
        removal.register(mark_lost)
        regions.register(
            regions.Region("traffic-cards", live.traffic_cards),
            regions.Region("grave-messages", live.grave_messages, every_s=5.0),
            regions.Region("top-refusals", live.top_refusals),
            regions.Region("recent-failures", live.recent_failures),
            regions.Region("throughput", live.throughput_tail, every_s=2),
        )
