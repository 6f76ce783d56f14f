"""What the process environment may say, in one table with defaults: the source of README, help and `console`.

Free of Django: the supervisor reads it before anything else is there.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class EnvironmentRefused(Exception):
    """A setting of the environment can't be used; the message names it and says what it must be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment; `default` is what stands in the table for people."""

    name: str
    default: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "MAILCONSOLE_HOME", "var/", "Folder of all state: database, keys, spools, logs. Only its owner may read it."
    ),
    Setting("MAILCONSOLE_WEB", "127.0.0.1:8000", "Address and port of the web console."),
    Setting("MAILCONSOLE_SMTP", "127.0.0.1:2525", "Address and port of the first receive connector (relay, port 25)."),
    Setting("MAILCONSOLE_SUBMISSION", "127.0.0.1:2587", "Address and port of the submission connector (port 587)."),
    Setting(
        "MAILCONSOLE_SHADOW",
        "127.0.0.1:0",
        "Address and port at which other nodes leave second copies; 0.0.0.0:2600 lets other machines in.",
    ),
    Setting(
        "MAILCONSOLE_TRANSPORT_WORKERS", "0", "Transport worker processes; 0 takes what suits the processor cores."
    ),
    Setting("MAILCONSOLE_NODE", "transport", "Prefix of the names of this machine's transport nodes: transport-1, ..."),
    Setting(
        "MAILCONSOLE_PICKUP",
        "nodes/NAME/pickup in the home",
        "Pickup directory: .eml files there are sent; this machine's nodes may share it.",
    ),
    Setting(
        "MAILCONSOLE_EXTRAS",
        "none",
        "kerberos: ./console also compiles what Kerberos sign-in to a directory needs, for good.",
    ),
    Setting(
        "DATABASE_URL", "sqlite in the home", "Console database; postgres://user:password@host/name for PostgreSQL."
    ),
    Setting("REDIS_URL", "embedded", "Redis or Valkey that carries commands; without it an embedded one is started."),
    Setting(
        "MAILCONSOLE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", "Host names by which browsers reach the console."
    ),
    Setting(
        "MAILCONSOLE_TIME_ZONE", "UTC", "Time zone in which pages show times; the exact UTC time is always on hover."
    ),
    Setting("MAILCONSOLE_HTTPS", "no", "yes where browsers reach the console over HTTPS: secure cookies and HSTS."),
    Setting("MAILCONSOLE_USER", "the only administrator", "In whose name ./console config apply makes a change."),
    Setting("MAILCONSOLE_TRACKING_DAYS", "30", "How many days messages and refusals can be searched."),
    Setting(
        "MAILCONSOLE_AUDIT_SYSLOG",
        "none",
        "Where the audit is sent too, as syslog (RFC 5424): udp://host:514, tcp://host:601 or tls://host:6514.",
    ),
    Setting("MAILCONSOLE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("MAILCONSOLE_DEBUG", "no", "yes shows tracebacks in the browser: for developers only."),
)
_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
_WORDS = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}


@dataclass(frozen=True, slots=True)
class HostPort:
    """Where something listens; `str()` gives it back as written in settings."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SyslogTarget:
    """Where syslog goes; `scheme` is udp, tcp or tls."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{HostPort(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings, parsed. `database_url` and `redis_url` are empty where the embedded default serves."""

    home: Path
    web: HostPort
    smtp: HostPort
    submission: HostPort
    shadow: HostPort
    transport_workers: int
    node_prefix: str
    pickup: Path | None
    database_url: str
    redis_url: str
    allowed_hosts: tuple[str, ...]
    time_zone: str
    is_https: bool
    is_debug: bool
    log_level: str
    tracking_days: int
    audit_syslog: SyslogTarget | None = None

    @property
    def database_file(self) -> Path:
        return self.home / "console.sqlite3"


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Parse the settings. Raises EnvironmentRefused with a sentence that names the variable."""
    given = os.environ if environ is None else environ

    def text(name: str) -> str:
        return given.get(name, "").strip() or _DEFAULTS[name]

    web = _host_port("MAILCONSOLE_WEB", text("MAILCONSOLE_WEB"))
    return Environment(
        home=(ROOT / Path(text("MAILCONSOLE_HOME")).expanduser()).resolve(),
        web=web,
        smtp=_host_port("MAILCONSOLE_SMTP", text("MAILCONSOLE_SMTP")),
        submission=_host_port("MAILCONSOLE_SUBMISSION", text("MAILCONSOLE_SUBMISSION")),
        shadow=_host_port("MAILCONSOLE_SHADOW", text("MAILCONSOLE_SHADOW")),
        transport_workers=_count("MAILCONSOLE_TRANSPORT_WORKERS", text("MAILCONSOLE_TRANSPORT_WORKERS")),
        node_prefix=text("MAILCONSOLE_NODE"),
        pickup=_folder(given.get("MAILCONSOLE_PICKUP", "").strip()),
        database_url=given.get("DATABASE_URL", "").strip(),
        redis_url=given.get("REDIS_URL", "").strip(),
        allowed_hosts=_hosts(text("MAILCONSOLE_ALLOWED_HOSTS"), web),
        time_zone=text("MAILCONSOLE_TIME_ZONE"),
        is_https=_yes_or_no("MAILCONSOLE_HTTPS", text("MAILCONSOLE_HTTPS")),
        is_debug=_yes_or_no("MAILCONSOLE_DEBUG", text("MAILCONSOLE_DEBUG")),
        log_level=_level(text("MAILCONSOLE_LOG_LEVEL")),
        tracking_days=_count("MAILCONSOLE_TRACKING_DAYS", text("MAILCONSOLE_TRACKING_DAYS")) or 1,
        audit_syslog=_syslog(given.get("MAILCONSOLE_AUDIT_SYSLOG", "").strip()),
    )


def ensure_home(home: Path) -> Path:
    """Make the home if it is missing. Raises EnvironmentRefused where it can't be written."""
    try:
        home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as problem:
        raise EnvironmentRefused(f"MAILCONSOLE_HOME {home} can't be made: {problem.strerror}.") from problem
    if not os.access(home, os.W_OK | os.X_OK):
        raise EnvironmentRefused(f"MAILCONSOLE_HOME {home} can't be written by this user.")
    return home


def embedded_redis_url(home: Path) -> str:
    """Where the embedded Valkey of this home listens, so that commands reach it too; empty where there is none."""
    try:
        kept = json.loads((home / "run" / "valkey.json").read_text())
        return f"redis://:{kept['password']}@127.0.0.1:{int(kept['port'])}/0"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def read_or_make_key(path: Path, value: str | None = None) -> str:
    """The key in `path`, made at first use and readable by its owner only; `value` is what a new file gets."""
    if not path.exists():
        _put_if_absent(path, value or secrets.token_urlsafe(48))
    found = path.read_text(encoding="ascii").strip()
    if not found:
        raise EnvironmentRefused(f"The key file {path} is empty: restore it from a backup or delete it.")
    return found


def _put_if_absent(path: Path, value: str) -> None:
    """Web and workers start at once: the link lets one of them win, and nobody ever reads half a key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=PRIVATE_FILE)
    draft.write_text(value, encoding="ascii")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _host_port(name: str, value: str) -> HostPort:
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise EnvironmentRefused(f"{name} is {value!r}; it must be address:port, for example {_DEFAULTS[name]}.")
    return HostPort(host=host, port=int(port))


def _syslog(value: str) -> SyslogTarget | None:
    if value in ("", "none"):
        return None
    scheme, separator, rest = value.partition("://")
    host, _, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not separator or scheme not in ("udp", "tcp", "tls") or not host or "/" in host or not is_port:
        raise EnvironmentRefused(
            f"MAILCONSOLE_AUDIT_SYSLOG is {value!r}; it must be udp://host:port, tcp://host:port or tls://host:port."
        )
    return SyslogTarget(scheme, host, int(port))


def _folder(value: str) -> Path | None:
    return (ROOT / Path(value).expanduser()).resolve() if value else None


def _count(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise EnvironmentRefused(f"{name} is {value!r}; it must be a number, 0 or more.")
    return int(value)


def _yes_or_no(name: str, value: str) -> bool:
    try:
        return _WORDS[value.lower()]
    except KeyError:
        raise EnvironmentRefused(f"{name} is {value!r}; it must be yes or no.") from None


def _level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise EnvironmentRefused(f"MAILCONSOLE_LOG_LEVEL is {value!r}; it must be DEBUG, INFO, WARNING or ERROR.")
    return value.upper()


def _hosts(value: str, web: HostPort) -> tuple[str, ...]:
    named = [host.strip() for host in value.split(",") if host.strip()]
    listening = f"[{web.host}]" if ":" in web.host else web.host
    if listening not in {"0.0.0.0", "[::]"}:
        named.append(listening)
    return tuple(dict.fromkeys(named))
