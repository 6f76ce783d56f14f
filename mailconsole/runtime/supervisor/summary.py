"""What `up` prints once, when everything answers."""

from __future__ import annotations

from mailconsole.environment import Environment
from mailconsole.runtime.supervisor.plan import is_node
from mailconsole.runtime.supervisor.state import State


def summary(environment: Environment, state: State, password: tuple[str, str] | None) -> str:
    """Addresses, the first administrator's password if it was made now, and how to stop."""
    nodes = sum(1 for part in state.parts if is_node(part.name))
    lines = [
        "",
        "Mailconsole runs.",
        "",
        f"  Console      http://{_reachable(str(environment.web))}/",
        f"  SMTP         {environment.smtp}   ({nodes} {'process' if nodes == 1 else 'processes'})",
        f"  Submission   {environment.submission}",
        f"  State        {environment.home}",
    ]
    if password:
        name, secret = password
        lines += ["", f"  Sign in as   {name}", f"  Password     {secret}   (shown only now)"]
    lines += ["", "  Stop         Ctrl-C, or ./console down", ""]
    return "\n".join(lines)


def _reachable(address: str) -> str:
    return address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
