"""Limits, names and switches of main.cf, and words about all that is left."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailconsole.imports.building import Building
from mailconsole.imports.postfix.main_cf import MainCf
from mailconsole.imports.postfix.restrictions import LISTS
from mailconsole.imports.postfix.secrets import HIDDEN, secret_names
from mailconsole.imports.report import Report, Subject
from transport.config.types import format_duration, format_size

_TLS = {"none": "none", "may": "offered", "encrypt": "required"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ELSEWHERE = {
    *("mynetworks", "mynetworks_style", "mydestination", "relay_domains", "virtual_alias_domains", "relayhost"),
    *("virtual_mailbox_domains", "transport_maps", "virtual_alias_maps", "virtual_maps", "smtp_tls_security_level"),
    *("smtp_use_tls", "smtp_sasl_password_maps", "smtp_sasl_auth_enable", "smtpd_sasl_auth_enable", "myorigin"),
    *("mydomain", "parent_domain_matches_subdomains", *LISTS),
}
_QUIET = {
    *("queue_directory", "command_directory", "daemon_directory", "data_directory", "mail_owner", "setgid_group"),
    *("sendmail_path", "newaliases_path", "mailq_path", "manpage_directory", "sample_directory", "readme_directory"),
    *("html_directory", "compatibility_level", "meta_directory", "shlib_directory", "debug_peer_level"),
    *("debugger_command", "unknown_local_recipient_reject_code", "inet_protocols", "biff"),
}
"""What says where Postfix itself lies."""


def _seconds(value: str, unit: str = "s") -> int:
    number, given = (value[:-1], value[-1]) if value[-1:].isalpha() else (value, unit)
    return int(number) * _UNITS[given.lower()]


_ZERO = re.compile(r"0+[smhdw]?")
_ALWAYS = ("message_size_limit", "header_size_limit", "maximal_queue_lifetime", "smtpd_recipient_limit")
_EXCEPTING = ("smtpd_client_connection_count_limit", "smtpd_client_message_rate_limit")
_FOR_ALL = "Postfix excepts mynetworks from it; here it holds for every client of the connector."


def _limit(value: str) -> int | None:
    return int(value) or None


Table = dict[str, tuple[str, Callable[[str], object]]]
_ORGANIZATION: Table = {
    "myhostname": ("hostname", str),
    "maximal_queue_lifetime": ("message_expiration_timeout", lambda value: format_duration(_seconds(value, "d"))),
    "delay_warning_time": ("delay_notification_timeout", lambda value: format_duration(_seconds(value, "h"))),
}
_CONNECTORS: Table = {
    "message_size_limit": ("max_message_size", lambda value: format_size(int(value))),
    "header_size_limit": ("max_header_size", lambda value: format_size(int(value))),
    "smtpd_recipient_limit": ("max_recipients_per_message", int),
    "smtpd_client_connection_count_limit": ("max_inbound_connections_per_source", _limit),
    "smtpd_client_message_rate_limit": ("message_rate_limit_per_min", _limit),
    "hopcount_limit": ("max_hop_count", int),
    "smtpd_tls_security_level": ("tls_mode", lambda value: _TLS[value]),
}
_NOTES = {
    "smtpd_banner": "The greeting has its own form here: the name, then text of yours.",
    "alias_maps": "No mailboxes are kept here: enter what of it is needed as recipients of our own.",
    "smtpd_tls_cert_file": "Add the certificate under Certificates.",
    "smtpd_tls_key_file": "Add the certificate under Certificates.",
    "inet_interfaces": "Where a node listens is its receive connectors' binding.",
    "content_filter": "There are no content filters.",
    "smtpd_milters": "There are no milters: sign and filter after or before this relay.",
    "non_smtpd_milters": "There are no milters: sign and filter after or before this relay.",
}


def told_parameters(main: MainCf, building: Building, report: Report) -> None:
    """Limits go to every receive connector that serves port 25; what has no counterpart is told."""
    organization: dict[str, object] = {}
    connector: dict[str, object] = {}
    hidden = secret_names(main.given)
    for name in main.given:
        if name in hidden - _ELSEWHERE:
            report.about("main.cf", name).left_out(name, HIDDEN, "No password is imported.")
        elif name not in _ELSEWHERE | _QUIET:
            fields, table = (organization, _ORGANIZATION) if name in _ORGANIZATION else (connector, _CONNECTORS)
            _one(name, main.get(name), table, fields, report.about("main.cf", name))
    _limits(connector, building, report)
    if organization:
        building.organization(organization, report.about("main.cf", "organisation"))


def _one(name: str, value: str, table: Table, fields: dict[str, object], about: Subject) -> None:
    if name not in table:
        about.left_out(name, value, _NOTES.get(name, "Not known to this import."))
        return
    if _ZERO.fullmatch(value) and name in _ALWAYS:
        about.left_out(name, value, "There it is no limit, and here there always is one: set it on the form.")
        return
    if _ZERO.fullmatch(value) and name == "delay_warning_time":
        fields["is_delay_dsn_enabled"] = False
        about.mapped(name, value, "Delays are not told.")
        return
    field, read = table[name]
    try:
        fields[field] = read(value)
    except (ValueError, KeyError, IndexError):
        about.left_out(name, value, "The value could not be read.")
    else:
        about.approximated(name, value, _FOR_ALL) if name in _EXCEPTING else about.mapped(name, value)


def _limits(fields: dict[str, object], building: Building, report: Report) -> None:
    if not fields:
        return
    for one in list(building.section("receive_connectors").values()):
        if "smtp" in one.bindings:
            about = report.about("main.cf", f"Receive connector {one.name}")
            about.mapped("", list(fields), "Postfix's limits, for each receive connector on port 25.")
            building.put("receive_connectors", {"name": one.name} | fields, about, object_id=one.id)
