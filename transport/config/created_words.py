"""What a new object does, as one clause after its name."""

from __future__ import annotations

from collections.abc import Callable

from transport.config.diff import Json
from transport.config.phrases import Parts, Say, join, label, show
from transport.config.rule_words import rule_words


def create_words(kind: str, value: Json) -> Parts:
    """What a new object does, in one clause."""
    return (Say(f": {'; '.join(_CREATED[kind](value))}"),) if kind in _CREATED else ()


def _user(name: str) -> str:
    return "any user who signed in" if name == "*" else f"the user {name}"


def _who(value: Json) -> str:
    """Networks, users and certificates of a relay policy, and whether one of them is enough."""
    kinds = [
        join(value["networks"]),
        join(_user(name) for name in value["identities"]),
        join(f"the certificate {name}" for name in value["client_certificates"]),
    ]
    asked = [kind for kind in kinds if kind]
    return (" or " if value["identity_match"] == "any" else " together with ").join(asked)


def _new_policy(value: Json) -> list[str]:
    said = [
        f"{'' if value['is_enabled'] else 'disabled; '}admits {_who(value)}",
        f"as {join(value['sender_addresses']) or 'any sender'}",
        f"to {join(value['recipient_addresses']) or 'any recipient'}",
    ]
    said += ["only over TLS"] if value["is_tls_required"] else []
    said += [f"its users may send as {join(value['send_as_addresses'])}"] if value["send_as_addresses"] else []
    said += [f"messages up to {value['max_message_size']}"] if value["max_message_size"] else []
    said += ["not held to the organisation's largest message"] if value["is_message_size_limit_bypassed"] else []
    for field, of in (("max_messages_per_hour", "an hour"), ("max_messages_per_day", "a day")):
        said += [f"at most {value[field]:,} messages {of} for each client"] if value[field] is not None else []
    said += [f"only {join(value['time_windows'])} ({value['timezone']})"] if value["time_windows"] else []
    until = show("expires_at", value["expires_at"]) if value["expires_at"] else ""
    said += [f"until {until}" if until else "without an end", f"owner {value['owner']}"]
    return [*said, "says that its broad network is meant"] if value["is_broad_override"] else said


def _new_account(value: Json) -> list[str]:
    said = [
        f"signs in as {value['username']}",
        f"sends as {join(value['addresses'])}" if value["addresses"] else "owns no address",
        f"until {show('expires_at', value['expires_at'])}" if value["expires_at"] else "without an end",
        f"owner {value['owner']}",
    ]
    return said if value["is_enabled"] else ["disabled", *said]


def _new_domain(value: Json) -> list[str]:
    domain = value["domain"] + (" and its subdomains" if value["match_subdomains"] else "")
    said = [f"accepts mail for {domain} from everyone, as {value['domain_type']}"]
    if value["catch_all_address"]:
        said += [f"mail for unknown recipients goes to {value['catch_all_address']}"]
    return said + (["it is the default domain"] if value["is_default"] else [])


def _new_approval_rule(value: Json) -> list[str]:
    about = join(label(kind) for kind in value["kinds"]) or "everything"
    said = [f"is about {about}" + (f" ({value['risk']})" if value["risk"] != "any" else "")]
    said += [f"only what ends within {value['expires_within']}"] if value["expires_within"] else []
    of = f"of {join(value['reviewer_groups'])}" if value["reviewer_groups"] else "of any reviewer"
    said += [f"needs {value['approvals']} approval(s) {of}" if value["approvals"] else "needs no approval"]
    said += [f"priority {value['priority']}"]
    return said if value["is_enabled"] else ["disabled", *said]


def _new_reviewer_group(value: Json) -> list[str]:
    who = [*value["members"], *(f"everybody with the role {role}" for role in value["roles"])]
    return [f"holds {join(who)}"]


_HELD_BACK = {
    "is_ndr_enabled": "reports of failures and delays",
    "is_ndr_diagnostic_info_enabled": "what next hops said",
    "is_delivery_report_enabled": "reports of success",
    "is_auto_reply_enabled": "automatic replies",
    "is_auto_forward_enabled": "what mailboxes forward by themselves",
}


def _new_remote_domain(value: Json) -> list[str]:
    where = "all domains that are not ours" if value["domain"] == "*" else value["domain"]
    off = [words for field, words in _HELD_BACK.items() if not value[field]]
    return [f"does not send {join(off)} to {where}" if off else f"sends everything to {where}"]


def _counting(value: Json) -> str:
    if value["is_any_match"]:
        return "any answer counts"
    mask = [f"all bits of {value['bitmask_match']}"] if value["bitmask_match"] else []
    return f"answers {join([*value['ip_addresses_match'], *mask])} count"


def _new_block_list(value: Json) -> list[str]:
    said = [f"refuses clients that {value['lookup_domain']} lists", _counting(value)]
    said += [f"but not to {join(value['bypassed_recipients'])}"] if value["bypassed_recipients"] else []
    said += ["refuses for now while it can't be asked"] if value["if_unavailable"] == "defer" else []
    said += ["only a test"] if value["is_only_told"] else []
    return said if value["is_enabled"] else ["disabled", *said]


def _new_allow_list(value: Json) -> list[str]:
    said = [f"no block list refuses clients that {value['lookup_domain']} lists", _counting(value)]
    return said if value["is_enabled"] else ["disabled", *said]


def _restrictions(value: Json) -> list[str]:
    said = ["only for senders who signed in"] if value["is_sender_authentication_required"] else []
    said += [f"only from {join(value['accept_messages_only_from'])}"] if value["accept_messages_only_from"] else []
    said += [f"not from {join(value['reject_messages_from'])}"] if value["reject_messages_from"] else []
    return said


def _new_recipient(value: Json) -> list[str]:
    known = f"{join([value['address'], *value['aliases']])}"
    if not value["forwarding_address"]:
        said = f"takes mail for {known}"
    elif value["deliver_to_mailbox_and_forward"]:
        said = f"takes mail for {known}, and forwards it to {value['forwarding_address']} too"
    else:
        said = f"forwards mail for {known} to {value['forwarding_address']}"
    return [said, *_restrictions(value), *_sending_limits(value)]


def _sending_limits(value: Json) -> list[str]:
    size, recipients = value["max_send_size"], value["recipient_limits"]
    said = [f"may send messages up to {size}"] if size else []
    return [*said, f"may send a message to up to {recipients} recipients"] if recipients else said


def _new_group(value: Json) -> list[str]:
    known = join([value["address"], *value["aliases"]])
    said = [f"sends mail for {known} to {join(value['members']) or 'nobody yet'}"]
    said += [f"reports go to {value['owner_address']}"] if value["owner_address"] else []
    return [*said, *_restrictions(value)]


def _new_rewrite(value: Json) -> list[str]:
    said = [f"shows {value['internal_address']} as {value['external_address']} in mail that leaves"]
    said += [f"but not {join(value['exceptions'])}"] if value["exceptions"] else []
    if not value["is_outbound_only"]:
        said += [f"brings mail for {value['external_address']} to {value['internal_address']}"]
    return said if value["is_enabled"] else ["disabled", *said]


def _new_send_connector(value: Json) -> list[str]:
    way = f"through {show('', value['smart_hosts'])}" if value["smart_hosts"] else "by DNS (MX records)"
    homes = f"mailboxes on the home server {show('', value['home_servers'])}" if value["home_servers"] else ""
    spaces = show("", value["address_spaces"]) if value["address_spaces"] else ""
    serves = " and for ".join(filter(None, (homes, spaces)))
    said = [f"sends mail for {serves} {way}", f"TLS {value['tls_level']}"]
    said += [f"signs in as {value['username']}"] if value["username"] else []
    return said if value["is_enabled"] else ["disabled", *said]


def _new_receive_connector(value: Json) -> list[str]:
    said = [
        f"listens on {join(value['bindings'])}",
        f"serves {join(value['remote_ip_ranges'])}",
        f"for {join(value['permission_groups']) or 'nobody'}",
        f"TLS {value['tls_mode']}",
    ]
    return said if value["is_enabled"] else ["disabled", *said]


def _new_rule(value: Json) -> list[str]:
    said = [] if value["is_enabled"] else ["disabled"]
    said += [] if value["mode"] == "Enforce" else [f"only a test ({value['mode']})"]
    said += [rule_words(value), f"asked at place {value['priority']}"]
    severity = value["set_audit_severity"]
    said += [f"audit severity {severity}"] if severity != "NotSpecified" else []
    said += ["no rule after it looks at a message that fits"] if value["stop_rule_processing"] else []
    said += [f"from {show('activation_at', value['activation_at'])}"] if value["activation_at"] else []
    return [*said, f"until {show('expires_at', value['expires_at'])}"] if value["expires_at"] else said


_CREATED: dict[str, Callable[[Json], list[str]]] = {
    "relay_policies": _new_policy,
    "mail_flow_rules": _new_rule,
    "service_accounts": _new_account,
    "ip_block_list_providers": _new_block_list,
    "ip_allow_list_providers": _new_allow_list,
    "approval_rules": _new_approval_rule,
    "reviewer_groups": _new_reviewer_group,
    "accepted_domains": _new_domain,
    "remote_domains": _new_remote_domain,
    "recipients": _new_recipient,
    "distribution_groups": _new_group,
    "address_rewriting": _new_rewrite,
    "send_connectors": _new_send_connector,
    "receive_connectors": _new_receive_connector,
}
