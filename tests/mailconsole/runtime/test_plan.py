"""Which processes there are, with which commands, and in which order they end."""

from mailconsole.environment import read_environment
from mailconsole.runtime.supervisor.plan import PartPlan, child_environment, plan, transport_nodes
from tests.support.transport import Transport, document


def planned() -> list[PartPlan]:
    return plan(read_environment({}), ["transport-1", "transport-2"])


def test_plan__every_worker__uses_the_threads_pool():
    """hostile.md: a replaced child of a prefork pool inherits the listening socket, and clients hang."""
    workers = [part.command for part in planned() if "worker" in part.command]
    assert len(workers) >= 2
    assert all(command[command.index("--pool") + 1] == "threads" for command in workers)


def test_plan__stopping__is_web_beat_control_transport():
    assert [part.name for part in sorted(planned(), key=lambda part: part.stop_order)] == [
        *("web", "beat", "control", "transport-1", "transport-2")
    ]


def test_plan__web__does_not_wait_for_open_streams():
    web = next(part.command for part in planned() if part.name == "web")
    assert web[web.index("--timeout-graceful-shutdown") + 1] == "2"


def test_transport_nodes__asked_for__take_the_prefix():
    environment = read_environment({"MAILCONSOLE_TRANSPORT_WORKERS": "3", "MAILCONSOLE_NODE": "edge"})
    assert transport_nodes(environment) == ["edge-1", "edge-2", "edge-3"]


def test_child_environment__settings_as_parsed__and_the_broker():
    given = child_environment(read_environment({"MAILCONSOLE_HOME": "somewhere"}), "redis://127.0.0.1:7/0")
    assert given["MAILCONSOLE_HOME"].endswith("/somewhere")
    assert given["REDIS_URL"] == "redis://127.0.0.1:7/0"


def test_transport_nodes__fewer_than_before__those_that_hold_mail_go_on(tmp_path):
    """Mail that was accepted by the third worker must not wait for somebody to ask for three workers again."""
    environment = read_environment({"MAILCONSOLE_TRANSPORT_WORKERS": "1", "MAILCONSOLE_HOME": str(tmp_path)})
    with Transport(tmp_path, document(), node="transport-3") as transport:
        assert transport.send("a@acme.example", ["b@acme.example"], b"Subject: x\r\n\r\nx\r\n").last.code == 250
    with Transport(tmp_path, document(), node="transport-4"):
        pass
    assert transport_nodes(environment) == ["transport-1", "transport-3"]
