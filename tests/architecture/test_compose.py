"""docker-compose.yml without a container engine: its schema, its settings, its services as processes of this host."""

import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mailconsole.environment import SETTINGS, read_environment
from mailconsole.runtime.supervisor.plan import plan
from tests.support import compose, valkey
from tests.support.compose import Process, Service
from tests.support.ports import free_port

VARIABLES = {"POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "r"}
SERVICES = compose.services(VARIABLES)
OURS = [service for service in SERVICES.values() if service.is_ours]


def test_compose_file__keeps_the_compose_specification():
    checker = str(Path(sys.executable).parent / "check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.compose-spec", str(compose.FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_file__without_passwords__names_the_missing_one():
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        compose.services({})


def test_compose_file__has_every_part_of_the_product():
    assert set(SERVICES) == {"postgres", "redis", "migrate", "web", "control", "beat", "transport"}


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_service__environment__names_settings_that_exist(service: Service):
    assert set(service.environment) <= {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_service__ours__has_no_privilege_it_does_not_need(service: Service):
    assert service.document["cap_drop"] == ["ALL"]
    assert service.document["read_only"] is True


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_service__any__gains_no_privileges(service: Service):
    assert "no-new-privileges:true" in service.document["security_opt"]


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_service__long_lived__has_a_healthcheck(service: Service):
    # beat has no port and answers no question; what it starts says whether it lives.
    assert service.healthcheck or service.name in ("migrate", "beat")


@pytest.mark.parametrize("name", ["web", "control", "beat"])
def test_service__command__is_the_supervisors(name: str):
    environment = read_environment({"MAILCONSOLE_WEB": "0.0.0.0:8000"})
    part = next(part for part in plan(environment, ["transport-1"]) if part.name == name)
    assert SERVICES[name].command == (Path(part.command[0]).name, *part.command[1:])


def test_transport_node__command__is_the_supervisors():
    part = next(part for part in plan(read_environment({}), ["transport-1"]) if part.name == "transport-1")
    script = (compose.ROOT / "docker" / "transport-node").read_text().replace("\\\n", " ")
    words = shlex.split(script[script.index("exec celery") :])[1:]
    assert tuple(word.replace("$node", "transport-1") for word in words) == ("celery", *part.command[1:])


def test_transports__as_many_as_told():
    assert (
        compose.services({**VARIABLES, "MAILCONSOLE_TRANSPORTS": "5"})["transport"].document["deploy"]["replicas"] == 5
    )


def test_image__does_not_run_as_root_and_installs_by_hash():
    dockerfile = (compose.ROOT / "Dockerfile").read_text()
    assert re.search(r"(?m)^USER mailconsole$", dockerfile)
    assert "--require-hashes -r /tmp/requirements.lock" in dockerfile


def test_image__holds_no_passwords_of_the_machine_that_builds():
    assert ".env" in (compose.ROOT / ".dockerignore").read_text().splitlines()


def test_web__is_published_on_this_machine_only_and_always_answers_its_health_check():
    asked = {**VARIABLES, "MAILCONSOLE_ALLOWED_HOSTS": "mail.contoso.com"}
    assert compose.services(asked)["web"].document["ports"] == ["127.0.0.1:8000:8000"]
    hosts = read_environment(dict(compose.services(asked)["web"].environment)).allowed_hosts
    assert set(hosts) == {"localhost", "127.0.0.1", "mail.contoso.com"}


class Installation:
    """Every service of ours, started as a container engine would, and stopped again."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder
        self.web, self.smtp, self.submission = (str(free_port()) for _ in range(3))
        self._environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "MAILCONSOLE_HOME": str(folder / "home"),
            "MAILCONSOLE_WEB": f"127.0.0.1:{self.web}",
            "MAILCONSOLE_SMTP": f"127.0.0.1:{self.smtp}",
            "MAILCONSOLE_SUBMISSION": f"127.0.0.1:{self.submission}",
        }
        self._here = {
            "0.0.0.0": "127.0.0.1",
            "8000": self.web,
            "2525": self.smtp,
            "control@control": f"control@{socket.gethostname()}",
        }

    def start(self, name: str) -> Process:
        log = self.folder / f"{name}.log"
        return SERVICES[name].start(environment=self._environment, here=self._here, log=log)


@pytest.fixture
def installation(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    (tmp_path / "home").mkdir()
    (tmp_path / "valkey").mkdir()
    with valkey.server(tmp_path / "valkey", password="r") as redis_url:
        yield Installation(tmp_path, postgres_url, redis_url)


def test_services__all_started__are_healthy_and_stop_when_told(installation: Installation):
    migrate = installation.start("migrate")
    assert migrate.wait(120) == 0, migrate.output()
    running: list[Process] = []
    with ExitStack() as stop:
        for name in ("web", "control", "beat", "transport"):
            process = installation.start(name)
            stop.callback(process.stop, 30)
            running.append(process)
        for process in running:
            process.wait_until_healthy(60)
