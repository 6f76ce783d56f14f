"""Controllers that do not answer, or not in LDAP: a bounded wait, and words."""

import time
from typing import Any

import pytest

from directory.errors import ServerUnreachable
from directory.settings import Security, Server, SourceSettings
from directory.sign_in import check_password
from directory.source import read_all
from tests.directory.servers import nonsense, serving, silent
from tests.support.pace import at_pace


def settings(*ports, **more):
    values: dict[str, Any] = {
        "servers": tuple(Server("127.0.0.1", port) for port in ports),
        "base_dn": "DC=corp,DC=example",
        "bind_user": "svc@corp.example",
        "bind_password": "secret",
        "connect_timeout_s": 1,
        "receive_timeout_s": 1,
    }
    return SourceSettings(**values | more)


@pytest.mark.parametrize("security", [Security.LDAPS, Security.STARTTLS])
def test_read_all__controller_takes_the_connection_and_is_silent__ends_in_time(security):
    with serving(silent) as port:
        began = time.monotonic()
        with pytest.raises(ServerUnreachable):
            read_all(settings(port, security=security))
        assert time.monotonic() - began < at_pace(5)


@pytest.mark.parametrize("security", [Security.LDAPS, Security.STARTTLS])
def test_read_all__no_ldap_there__says_so_in_words(security):
    with serving(nonsense) as port, pytest.raises(ServerUnreachable, match="Cannot connect to 127"):
        read_all(settings(port, security=security))


def test_read_all__no_controller_works__names_each():
    with pytest.raises(ServerUnreachable, match=r"No controller .* 127.0.0.1:1: .* 127.0.0.1:2: "):
        read_all(settings(1, 2))


def test_check_password__no_controller__cannot_tell_and_is_no_refusal():
    with pytest.raises(ServerUnreachable):
        check_password(settings(1), name="anna", password="x")
