"""Rules across objects, each with what breaks it and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.transport.config.documents import NOW, SCANNERS, changed, document
from transport.config.validate import Severity, errors, validate

RECEIVE: dict[str, Any] = {"id": "one", "name": "One", "remote_ip_ranges": ["10.0.0.0/8"]}
SEND: dict[str, Any] = {"id": "internet", "name": "Internet", "address_spaces": [{"domain": "*"}]}
DOMAIN: dict[str, Any] = {"id": "contoso", "name": "Contoso", "domain": "contoso.com"}


def found(severity: Severity = Severity.ERROR, **sections: Any) -> list[tuple[str, str, str]]:
    problems = validate(document(**sections), now=NOW)
    return [(one.kind, one.object_id, one.field) for one in problems if one.severity is severity]


def receive(*ranges: list[str]) -> list[dict[str, Any]]:
    names = ("one", "two", "three")
    return [
        RECEIVE | {"id": name, "name": name, "remote_ip_ranges": one} for name, one in zip(names, ranges, strict=False)
    ]


def test_validate__initial_document__has_no_problem() -> None:
    assert validate(document(), now=NOW) == ()


def test_validate__names_that_differ_in_case_only__is_an_error() -> None:
    policies = [SCANNERS, changed(SCANNERS, id="other", name="SCANNERS")]
    assert found(relay_policies=policies, send_connectors=[SEND]) == [("relay_policies", "scanners", "name")]


@pytest.mark.parametrize(
    ("ranges", "is_clear"),
    [
        ((["10.0.0.0/8"], ["10.1.0.0/16"]), True),
        ((["0.0.0.0/0", "::/0"], ["10.0.0.1"]), True),
        ((["10.0.0.0/8"], ["192.0.2.0/24"]), True),
        ((["10.0.0.0/8"], ["10.0.0.0/8"]), False),
        ((["10.0.0.0/8"], ["10.0.0.0-10.255.255.255"]), False),
        ((["10.0.0.1-10.0.0.9"], ["10.0.0.5-10.0.0.20"]), False),
        ((["2001:db8::/32"], ["2001:db8::/32"]), False),
    ],
)
def test_validate__receive_connectors_on_one_binding__must_be_clear(ranges: Any, is_clear: bool) -> None:
    problems = found(receive_connectors=receive(*ranges))
    assert problems == ([] if is_clear else [("receive_connectors", "two", "remote_ip_ranges")])


def test_validate__equal_ranges_on_other_bindings_or_disabled__are_clear() -> None:
    one, two = receive(["10.0.0.0/8"], ["10.0.0.0/8"])
    assert found(receive_connectors=[one, two | {"bindings": ["submission"]}]) == []
    assert found(receive_connectors=[one, two | {"is_enabled": False}]) == []


def test_validate__implicit_tls_on_a_shared_binding__is_an_error() -> None:
    one, two = receive(["10.0.0.0/8"], ["10.1.0.0/16"])
    assert found(receive_connectors=[one, two | {"tls_mode": "implicit"}]) == [
        ("receive_connectors", "two", "tls_mode")
    ]


def test_validate__domain_accepted_twice_and_two_defaults__are_errors() -> None:
    domains = [DOMAIN | {"is_default": True}, DOMAIN | {"id": "x", "name": "X", "is_default": True}]
    assert found(accepted_domains=domains, send_connectors=[SEND]) == [
        ("accepted_domains", "x", "domain"),
        ("accepted_domains", "x", "is_default"),
    ]


@pytest.mark.parametrize("network", ["0.0.0.0/0", "10.0.0.0/15", "10.0.0.0-10.2.0.0", "::/0", "2001::/31"])
def test_validate__broad_network_to_anywhere__is_an_open_relay(network: str) -> None:
    broad = changed(SCANNERS, networks=[network])
    assert found(relay_policies=[broad], send_connectors=[SEND]) == [("relay_policies", "scanners", "networks")]
    meant = [broad | {"is_broad_override": True}]
    assert found(relay_policies=meant, send_connectors=[SEND]) == []
    assert found(Severity.WARNING, relay_policies=meant, send_connectors=[SEND]) == [
        ("relay_policies", "scanners", "networks")
    ]


@pytest.mark.parametrize(
    "narrowed",
    [
        {"networks": ["10.0.0.0/16"]},
        {"networks": ["2001:db8::/32"]},
        {"recipient_addresses": ["contoso.com"]},
        {"identities": ["svc-scan"]},
        {"is_enabled": False},
    ],
)
def test_validate__broad_but_narrowed_otherwise__is_no_open_relay(narrowed: dict[str, Any]) -> None:
    policy = changed(SCANNERS, networks=["10.0.0.0/8"]) | narrowed
    assert found(relay_policies=[policy], send_connectors=[SEND]) == []


def test_validate__broad_only_together__is_an_open_relay() -> None:
    policy = changed(SCANNERS, networks=[f"10.{number}.0.0/16" for number in range(16)])
    assert found(relay_policies=[policy], send_connectors=[SEND]) == [("relay_policies", "scanners", "networks")]


def test_validate__expired_things__are_warnings() -> None:
    past = "2026-01-01T00:00:00Z"
    assert found(
        Severity.WARNING,
        relay_policies=[changed(SCANNERS, expires_at=past)],
        send_connectors=[SEND],
        ip_block_list=[{"network": "192.0.2.1", "expires_at": past}],
    ) == [("relay_policies", "scanners", "expires_at"), ("ip_block_list", "192.0.2.1", "expires_at")]


def test_validate__accepted_domain_without_a_way_out__is_a_warning() -> None:
    assert found(Severity.WARNING, accepted_domains=[DOMAIN]) == [("accepted_domains", "contoso", "domain")]
    served = [SEND | {"address_spaces": [{"domain": "*.contoso.com"}]}]
    assert found(Severity.WARNING, accepted_domains=[DOMAIN], send_connectors=served) == []


def test_validate__source_address_that_is_none__is_no_document() -> None:
    with pytest.raises(ValidationError, match="'here' is not an IP address"):
        document(send_connectors=[SEND | {"source_ip_address": "here"}])


def test_errors__mixed_problems__keeps_what_stops_a_change() -> None:
    problems = validate(document(accepted_domains=[DOMAIN], send_connectors=[]), now=NOW)
    assert problems
    assert errors(problems) == ()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"proxy_networks": ["10.0.0.5", "2001:db8::/120"]}, ""),
        ({"proxy_networks": ["10.0.0.0/16"]}, "proxy_networks"),
    ],
)
def test_validate__proxies__are_few(fields: dict[str, Any], field: str) -> None:
    wanted = [("receive_connectors", "one", field)] if field else []
    assert found(receive_connectors=[RECEIVE | fields]) == wanted


def test_validate__proxies_of_one_binding__speak_the_same_protocol() -> None:
    one, two = (item | {"proxy_networks": ["10.0.0.5"]} for item in receive(["10.0.0.0/8"], ["192.0.2.0/24"]))
    assert found(receive_connectors=[one, two]) == []
    two |= {"proxy_protocol": "XCLIENT"}
    assert found(receive_connectors=[one, two]) == [("receive_connectors", "two", "proxy_protocol")]


def test_validate__policy_with_certificates__wants_a_connector_that_asks() -> None:
    policy = changed(SCANNERS, client_certificates=["CN=scanner-1"])
    sections: dict[str, Any] = {"relay_policies": [policy], "send_connectors": [SEND]}
    wanted = ("relay_policies", "scanners", "client_certificates")
    assert wanted in found(Severity.WARNING, receive_connectors=[RECEIVE], **sections)
    for asks in ({"is_client_certificate_requested": True}, {"permission_groups": ["Partners"]}):
        assert wanted not in found(Severity.WARNING, receive_connectors=[RECEIVE | asks], **sections)


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"auth_mechanism": "BasicAuth"}, ["auth_mechanism"]),
        ({"auth_mechanism": "BasicAuth", "tls_mode": "none"}, ["auth_mechanism"]),
        ({"auth_mechanism": "BasicAuth", "tls_mode": "required"}, []),
        ({"auth_mechanism": "None"}, ["auth_mechanism"]),
        ({"tls_mode": "none"}, ["tls_mode"]),
        ({}, []),
    ],
)
def test_validate__users_who_sign_in__in_clear_or_not_at_all__is_a_warning(fields: Any, at: list[str]) -> None:
    one = RECEIVE | {"permission_groups": ["ExchangeUsers"]} | fields
    warned = found(Severity.WARNING, receive_connectors=[one], send_connectors=[SEND])
    assert [field for kind, _, field in warned if kind == "receive_connectors"] == at


def test_validate__certificates_without_tls__is_a_warning() -> None:
    item = RECEIVE | {"is_client_certificate_requested": True, "tls_mode": "none"}
    assert ("receive_connectors", "one", "tls_mode") in found(Severity.WARNING, receive_connectors=[item])


def test_validate__home_servers__without_a_smart_host_or_named_twice_are_warnings() -> None:
    out = {"id": "out", "name": "Out", "address_spaces": [{"domain": "*"}], "home_servers": [{"server": "EX01"}]}
    assert found(Severity.WARNING, send_connectors=[out]) == [("send_connectors", "out", "smart_hosts")]
    twice = out | {"smart_hosts": ["ex.acme.example"], "home_servers": [{"server": "EX01"}, {"server": "ex01"}]}
    assert [one[2] for one in found(Severity.WARNING, send_connectors=[twice])] == ["home_servers"]
    again = twice | {"id": "b", "name": "B", "home_servers": [{"server": "EX01"}]}
    once = twice | {"home_servers": [{"server": "EX01"}]}
    assert found(Severity.WARNING, send_connectors=[once, again]) == []
    assert found(send_connectors=[once, again]) == []


def test_delay__told_to_nobody__need_not_come_before_expiry() -> None:
    late: dict[str, Any] = {"delay_notification_timeout": "3d", "is_internal_delay_dsn_enabled": False}
    assert [p.field for p in validate(document(organization=late), now=NOW)] == ["delay_notification_timeout"]
    assert not validate(document(organization=late | {"is_external_delay_dsn_enabled": False}), now=NOW)
