"""What holds for all mail at Exchange becomes the organisation's settings; what differs or has no place is told."""

from __future__ import annotations

import json

import pytest

from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from tests.mailconsole.imports.test_exchange import imported
from transport.config.types import MB

CONFIG = {
    "Name": "Transport Settings",
    "MaxSendSize": "25 MB (26,214,400 bytes)",
    "MaxReceiveSize": "Unlimited",
    "MaxRecipientEnvelopeLimit": 5000,
    "InternalSMTPServers": ["10.0.0.5", "10.0.1.1-10.0.1.9", "10.2.0.0/24"],
    "GenerateCopyOfDSNFor": ["5.4.6"],
    "ExternalPostmasterAddress": "pm@contoso.com",
    "ShadowRedundancyEnabled": True,
}
SERVICE = {"Name": "EX1", "MessageExpirationTimeout": "2.00:00:00", "DelayNotificationTimeout": "04:00:00",
           "MaxOutboundConnections": "Unlimited", "PoisonThreshold": 3, "QueueMaxIdleTime": "00:05:00",
           "MaxConnectionRatePerMinute": 1200}  # fmt: skip


def test_transport_config__becomes_the_organisations_settings():
    done = imported(source("organisation.json", json.dumps(CONFIG)))
    made = done.document.organization
    assert (made.max_send_size, made.max_receive_size, made.max_recipient_envelope_limit) == (25 * MB, None, 5000)
    assert made.internal_smtp_servers == ("10.0.0.5", "10.0.1.1-10.0.1.9", "10.2.0.0/24")
    assert (made.generate_copy_of_dsn_for, made.postmaster_address) == (("5.4.6",), "pm@contoso.com")
    assert not made.is_shadow_redundancy_enabled
    assert said(done.report, "Transport Settings", "MaxSendSize")[0][0] is Fate.MAPPED
    assert "Exchange's own services" in said(done.report, "Transport Settings", "")[0][1]


def test_transport_service__of_two_servers__the_first_holds_and_the_other_is_told():
    second = SERVICE | {"Name": "EX2", "MessageExpirationTimeout": "1.00:00:00"}
    done = imported(source("servers.json", json.dumps([SERVICE, second])))
    made = done.document.organization
    assert (made.message_expiration_timeout, made.max_outbound_connections, made.poison_threshold) == (172800, None, 3)
    assert made.queue_max_idle_time == 300
    assert "another server" in said(done.report, "EX2", "message_expiration_timeout")[0][1]
    assert "receive connector" in said(done.report, "EX1", "MaxConnectionRatePerMinute")[0][1]


def test_transport_config__reports_to_our_own_and_to_others__are_two_settings():
    given = CONFIG | {"InternalDelayDsnEnabled": True, "ExternalDelayDsnEnabled": False,
                      "InternalDsnMaxMessageAttachSize": "20 MB (20,971,520 bytes)",
                      "ExternalDsnMaxMessageAttachSize": "1 MB (1,048,576 bytes)"}  # fmt: skip
    made = imported(source("organisation.json", json.dumps(given))).document.organization
    assert (made.is_internal_delay_dsn_enabled, made.is_external_delay_dsn_enabled) == (True, False)
    assert (made.internal_dsn_max_message_attach_size, made.dsn_max_message_attach_size) == (20 * MB, MB)


@pytest.mark.parametrize(("reply", "told"), [("{0} is blocked", "%0 is blocked"), ("schön", "Access denied")])
def test_block_list__reply__is_taken_or_told_where_it_can_not_be_said(reply, told):
    given = {"Name": "IPBlockListConfig", "StaticEntryRejectionResponse": reply}
    assert (
        imported(source("block.json", json.dumps(given))).document.organization.static_entry_rejection_response == told
    )


def test_transport_config__with_what_can_not_be_read__keeps_the_rest():
    given = CONFIG | {"MaxSendSize": "much", "InternalSMTPServers": ["no address"]}
    done = imported(source("organisation.json", json.dumps(given)))
    made = done.document.organization
    assert (made.max_send_size, made.internal_smtp_servers, made.max_recipient_envelope_limit) == (None, (), 5000)
    assert said(done.report, "Transport Settings", "MaxSendSize")[0][0] is Fate.LEFT_OUT


RIGHTS = ("ms-Exch-SMTP-Submit", "ms-Exch-SMTP-Accept-Any-Sender", "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender")
OPEN, DENY = {"Deny": False}, {"Deny": True}


@pytest.mark.parametrize(
    ("rows", "is_accepted"),
    [
        ([(one, OPEN) for one in RIGHTS], True),
        ([(one, OPEN) for one in RIGHTS[:2]], False),
        ([(RIGHTS[0], OPEN)], True),
        ([*((one, OPEN) for one in RIGHTS), (RIGHTS[2], DENY)], False),
        ([], True),
    ],
)
def test_right_to_be_called_ours__taken_from_strangers__is_taken_here(rows, is_accepted):
    user = {"Identity": "EX1\\Default Frontend EX1", "User": "NT AUTHORITY\\ANONYMOUS LOGON"}
    rights = [user | {"ExtendedRights": [right]} | deny for right, deny in rows]
    sources = [source("rights.json", json.dumps(rights))] if rights else []
    done = imported(source("receive.xml"), *sources)
    found = {one.name: one.is_authoritative_domain_sender_accepted for one in done.document.receive_connectors}
    assert found == {"Default Frontend": is_accepted, "Scanners": True, "Client": True}
