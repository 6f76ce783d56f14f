"""Our addresses must be free; what has them is named."""

import dataclasses
import os
import socket

import pytest

from mailconsole.environment import Environment, HostPort, read_environment
from mailconsole.runtime.supervisor.addresses import check_free
from mailconsole.runtime.supervisor.refusals import CannotStart
from tests.support.ports import free_port


def environment(**addresses: HostPort) -> Environment:
    free = {name: HostPort("127.0.0.1", free_port()) for name in ("web", "smtp", "submission")}
    return dataclasses.replace(read_environment({}), **{**free, **addresses})


def refusal(**addresses: HostPort) -> str:
    with pytest.raises(CannotStart) as caught:
        check_free(environment(**addresses))
    return str(caught.value)


def test_check_free__all_free__says_nothing():
    check_free(environment())


@pytest.mark.parametrize(
    ("name", "setting"),
    [("web", "MAILCONSOLE_WEB"), ("smtp", "MAILCONSOLE_SMTP"), ("submission", "MAILCONSOLE_SUBMISSION")],
)
def test_check_free__port_taken__names_setting_address_and_program(name, setting):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(**{name: HostPort("127.0.0.1", port)})
    assert said.startswith(f"{setting}: can't listen on 127.0.0.1:{port}: the port is taken by ")
    assert f"(pid {os.getpid()})" in said


def test_check_free__port_shared_by_others__is_taken_too():
    """SO_REUSEPORT, as transports of another home listen: two products on one port would take each other's mail."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert "is taken by" in refusal(smtp=HostPort("127.0.0.1", other.getsockname()[1]))


def test_check_free__two_settings_same_address__refuses():
    same = HostPort("127.0.0.1", free_port())
    assert refusal(smtp=same, submission=same) == (
        f"MAILCONSOLE_SUBMISSION: can't listen on {same}: MAILCONSOLE_SMTP has the same address."
    )


def test_check_free__address_of_another_machine__says_so():
    assert "this machine does not have that address" in refusal(web=HostPort("192.0.2.1", 8000))


def test_check_free__port_zero__refuses():
    assert "the port must be 1 to 65535" in refusal(smtp=HostPort("127.0.0.1", 0))
