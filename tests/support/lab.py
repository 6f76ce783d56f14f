"""The lab of tests/lab as values: where its Active Directory, DNS and next hops answer, and with which credentials.

A fixture starts its part where that is possible without asking: as root, with the part's programs installed.
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[1] / "lab"
PASSWORD = "Lab-Passw0rd!"


def lab_dir() -> Path:
    return Path(os.environ.get("LAB_DIR") or Path(tempfile.gettempdir()) / "mail-lab")


@dataclass(frozen=True)
class Part:
    """One command of tests/lab: `address` and `port` answer when it runs, `programs` are what it starts."""

    command: str
    address: str
    port: int
    programs: tuple[str, ...]

    def is_running(self) -> bool:
        """Ours, that is: of another lab at the same address we know neither the keys nor the mailboxes."""
        return os.access(lab_dir() / self.command, os.X_OK) and self._answers()

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), timeout=1):
                return True
        except OSError:
            return False

    def can_serve(self) -> bool:
        if self._answers():
            return self.is_running()
        return os.geteuid() == 0 and all(map(_is_installed, self.programs))

    def start(self) -> None:
        """Of runs beside each other the second finds it whole: one port answers before all do."""
        with (LAB / self.command).open() as command:
            fcntl.flock(command, fcntl.LOCK_EX)
            self._start()

    def _start(self) -> None:
        if not self.is_running():
            done = subprocess.run([LAB / self.command, "start"], capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, f"tests/lab/{self.command} start failed:\n{done.stdout}{done.stderr}"


def _is_installed(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


AD = Part("ad", "127.0.0.10", 636, ("samba", "ldapsearch"))
DNS = Part("dns", "127.0.0.20", 5300, ("nsd", "unbound"))
NEXTHOP = Part("nexthop", "127.0.0.31", 25, ("smtp-sink", "postfix"))


@dataclass(frozen=True)
class Account:
    user: str
    password: str = PASSWORD


@dataclass(frozen=True)
class LabAd:
    """The directory corp.example. `strict_url` answers with Windows' limits and is the one to test against."""

    ca_path: Path
    url: str = "ldaps://127.0.0.10:636"
    strict_url: str = "ldaps://127.0.0.11:636"
    starttls_url: str = "ldap://127.0.0.10:389"
    base: str = "DC=corp,DC=example"
    people: str = "OU=Acme,DC=corp,DC=example"
    mail_domains: tuple[str, ...] = ("acme.example", "globex.example")
    reader: Account = Account("svc-mailflow@corp.example")
    dirsync: Account = Account("svc-dirsync@corp.example")
    administrator: Account = Account("administrator@corp.example")

    def person(self, sam_account_name: str) -> Account:
        return Account(f"{sam_account_name}@corp.example")


@dataclass(frozen=True)
class LabDns:
    """A resolver that knows `example.` and `127.in-addr.arpa.` only, and servers that do not answer well."""

    resolver: tuple[str, int] = ("127.0.0.20", 5300)
    authoritative: tuple[str, int] = ("127.0.0.21", 5300)
    silent: tuple[str, int] = ("127.0.0.22", 5300)
    refusing: tuple[str, int] = ("127.0.0.23", 5300)


@dataclass(frozen=True)
class LabNexthop:
    """Mail servers on port 25 of their own addresses; `tests/lab/nexthop status` says what each does."""

    ca_path: Path
    mail_dir: Path
    events_path: Path
    submission: Account = Account("gateway")
    addresses: dict[str, str] = field(
        default_factory=lambda: {
            "store": "127.0.0.31",
            "sink1": "127.0.0.32",
            "sink2": "127.0.0.33",
            "greylist": "127.0.0.34",
            "reject": "127.0.0.35",
            "slow": "127.0.0.36",
            "drop": "127.0.0.37",
            "expiredcert": "127.0.0.38",
            "selfsigned": "127.0.0.39",
            "dane": "127.0.0.40",
            "mtasts": "127.0.0.41",
            "notls": "127.0.0.42",
            "tempfail": "127.0.0.43",
            "small": "127.0.0.44",
            "partial": "127.0.0.45",
            "strange": "127.0.0.46",
            "tlsbroken": "127.0.0.47",
            "refused": "127.0.0.49",
            "silent": "127.0.0.50",
            "busy": "127.0.0.51",
            "helo": "127.0.0.52",
        }
    )

    def messages(self, name: str) -> list[bytes]:
        """The messages that next hop `name` holds, as it stored them, oldest first."""
        files = [path for path in (self.mail_dir / name).rglob("*") if path.is_file() and "tmp" not in path.parts[-2:]]
        return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]

    def events(self, name: str) -> list[dict[str, object]]:
        """What the scripted next hop `name` saw, one dictionary an event."""
        lines = self.events_path.read_text().splitlines() if self.events_path.exists() else []
        return [event for event in map(json.loads, lines) if event.get("hop") == name]


@pytest.fixture(scope="session")
def lab_ad() -> LabAd:
    AD.start()
    return LabAd(ca_path=lab_dir() / "ca" / "ca.pem")


@pytest.fixture(scope="session")
def lab_dns() -> LabDns:
    DNS.start()
    return LabDns()


@pytest.fixture(scope="session")
def lab_nexthop() -> LabNexthop:
    NEXTHOP.start()
    run = lab_dir() / "nexthop"
    return LabNexthop(ca_path=lab_dir() / "ca" / "ca.pem", mail_dir=run / "mail", events_path=run / "log" / "hops.log")
