"""What holds for all mail."""

from __future__ import annotations

from mailconsole.mailflow.kinds.kind import Group, Kind

ORGANIZATION: tuple[Kind, ...] = (
    Kind(
        "organization",
        "What holds for all mail: our name, retries, expiry and reports.",
        "",
        "building",
        "organization",
        (),
        (
            Group("Who we are", ("name", "hostname", "postmaster_address", "is_plus_addressing_enabled")),
            Group("Limits of messages", ("max_send_size", "max_receive_size", "max_recipient_envelope_limit")),
            Group(
                "Retries and reports",
                (
                    "retry_ladder",
                    "message_expiration_timeout",
                    "is_delay_dsn_enabled",
                    "is_internal_delay_dsn_enabled",
                    "is_external_delay_dsn_enabled",
                    "delay_notification_timeout",
                    "dsn_max_message_attach_size",
                    "internal_dsn_max_message_attach_size",
                    "dsn_language",
                    "system_messages",
                    "generate_copy_of_dsn_for",
                    "dsn_rate_limit_per_sender_per_hour",
                    "dsn_rate_limit_per_min",
                ),
            ),
            Group(
                "Wrong passwords",
                ("max_failed_logons_per_account", "max_failed_logons_per_network", "failed_logon_window"),
            ),
            Group(
                "Queues",
                (
                    "max_outbound_connections",
                    "max_idle_time_before_resubmit",
                    "queue_max_idle_time",
                    "resolver_retry_interval",
                    "is_priority_queuing_enabled",
                    "max_high_priority_message_size",
                    "high_priority_message_expiration_timeout",
                    "low_priority_message_expiration_timeout",
                    "high_priority_delay_notification_timeout",
                    "low_priority_delay_notification_timeout",
                    "max_high_priority_connections",
                    "max_low_priority_connections",
                    "poison_threshold",
                ),
                is_open=False,
            ),
            Group("Lists of clients", ("internal_smtp_servers", "static_entry_rejection_response"), is_open=False),
            Group(
                "Protocol logs",
                ("protocol_log_max_age", "protocol_log_max_directory_size", "protocol_log_max_file_size"),
                is_open=False,
            ),
            Group(
                "Pickup directory",
                (
                    "is_pickup_enabled",
                    "pickup_directory_max_messages_per_minute",
                    "pickup_directory_max_message_size",
                    "pickup_directory_max_header_size",
                    "pickup_directory_max_recipients_per_message",
                ),
                is_open=False,
            ),
            Group(
                "Back pressure",
                (
                    "is_back_pressure_enabled",
                    "queue_length_medium",
                    "queue_length_high",
                    "spool_disk_used_medium",
                    "spool_disk_used_high",
                    "spool_disk_free_medium",
                    "spool_disk_free_high",
                    "memory_used_medium",
                    "memory_used_high",
                ),
                is_open=False,
            ),
            Group(
                "Tell a program of changes",
                ("review_webhook_url", "review_webhook_secret", "is_webhook_to_own_host_allowed"),
                is_open=False,
            ),
            Group(
                "Second copy",
                (
                    "is_shadow_redundancy_enabled",
                    "is_message_rejected_on_shadow_failure",
                    "shadow_message_preference",
                    "shadow_heartbeat_frequency",
                    "shadow_resubmit_time_span",
                    "shadow_message_auto_discard_interval",
                ),
                is_open=False,
            ),
        ),
        order=70,
        help="organisation",
    ),
)
