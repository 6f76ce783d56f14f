"""Whether our addresses are free, and who has them if not."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from pathlib import Path

from mailconsole.environment import Environment, HostPort
from mailconsole.runtime.supervisor.refusals import CannotStart

FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def check_free(environment: Environment) -> None:
    """Raises CannotStart that names the setting, the address and, where it can be known, the program."""
    settings = {
        "MAILCONSOLE_WEB": environment.web,
        "MAILCONSOLE_SMTP": environment.smtp,
        "MAILCONSOLE_SUBMISSION": environment.submission,
    }
    others: dict[HostPort, str] = {}
    for setting, address in settings.items():
        if address in others:  # transports share ports, so the operating system would let two bindings share one
            raise CannotStart(f"{setting}: can't listen on {address}: {others[address]} has the same address.")
        others[address] = setting
        problem = _problem(address)
        if problem:
            raise CannotStart(f"{setting}: can't listen on {address}: {problem}.")


def _problem(address: HostPort) -> str:
    if not address.port:
        return "the port must be 1 to 65535"
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"the port is taken by {_holder(address.port) or 'another program'}"
            if error.errno in FORBIDDEN:
                return "this user may not use ports below 1024"
            if error.errno == errno.EADDRNOTAVAIL:
                return "this machine does not have that address"
            return (error.strerror or str(error)).lower()
    return ""


def _holder(port: int) -> str:
    """`nginx (pid 123)`, as far as /proc tells; empty elsewhere."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening(Path("/proc/net") / table, port)}
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or gone
            if any(_socket(entry) in inodes for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _socket(descriptor: Path) -> str:
    """The inode of a process's open socket; empty for other files, and for those closed meanwhile."""
    try:
        link = str(descriptor.readlink())
    except FileNotFoundError:
        return ""
    return link[8:-1] if link.startswith("socket:[") else ""


def _listening(table: Path, port: int) -> list[str]:
    """Inodes of sockets that listen on the port."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
