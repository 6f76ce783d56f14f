"""Starts all parts, keeps them running, stops them in order. One thread; children are processes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from mailconsole.environment import Environment
from mailconsole.runtime.supervisor import health, process, valkey
from mailconsole.runtime.supervisor.last_words import last_words
from mailconsole.runtime.supervisor.plan import PartPlan, child_environment, plan, transport_nodes
from mailconsole.runtime.supervisor.refusals import CannotStart
from mailconsole.runtime.supervisor.state import Part, State, read_state, write_state

HEALTHY_WITHIN_S = 60.0
ANSWERS_WITHIN_S = 5.0
MAX_RESTART_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
VALKEY = "valkey"


class Supervisor:
    """The one supervisor of a home; the caller holds its lock."""

    def __init__(self, environment: Environment, say: Callable[[str], None]) -> None:
        self._environment = environment
        self._home = environment.home
        self._say = say
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._plans: dict[str, PartPlan] = {}
        self._started_at: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._is_stopping = False
        me = Part("supervisor", os.getpid(), process.started_at(os.getpid()), "running")
        self.state = State(
            supervisor=me,
            web=str(environment.web),
            smtp=str(environment.smtp),
            submission=str(environment.submission),
        )

    def end_orphans(self) -> None:
        """End what a killed supervisor left behind: only processes it recorded, known by pid and start time."""
        earlier = read_state(self._home)
        for part in reversed(earlier.parts if earlier else []):
            if part.is_alive:
                self._say(f"Ending {part.name} of an earlier start (pid {part.pid})")
                process.end(part.pid, part.started, wait_s=10)

    def start_broker(self) -> str:
        """Start the embedded Valkey unless REDIS_URL names one; returns the URL. Raises CannotStart."""
        url, wait_s, problem = self._environment.redis_url, ANSWERS_WITHIN_S, "REDIS_URL: Redis does not answer"
        if not url:
            embedded = valkey.prepare(self._home)
            self._plans[VALKEY] = PartPlan(VALKEY, embedded.command, 9, 10)
            url, wait_s, problem = embedded.url, HEALTHY_WITHIN_S, "The embedded Valkey does not answer"
            self._spawn(VALKEY)
        self._wait_for(VALKEY, lambda: health.redis_answers(url), wait_s, problem)
        self.state.redis_url = url
        return url

    def start_parts(self) -> None:
        """Start everything and wait until it answers. Raises CannotStart."""
        began = time.time()
        nodes = transport_nodes(self._environment)
        for part in plan(self._environment, nodes):
            self._plans[part.name] = part
            self._spawn(part.name)
        for node in nodes:
            reports = partial(health.node_reports, node, since=began)
            self._wait_for(node, reports, HEALTHY_WITHIN_S, f"{node} does not answer")
        is_served = partial(health.web_answers, self._environment.web)
        self._wait_for("web", is_served, HEALTHY_WITHIN_S, "The web console does not answer")
        self.state.phase = "running"
        for part_state in self.state.parts:
            part_state.state = "running"
        self._write()

    def run(self) -> None:
        """Keep the parts running until told to stop, then stop them."""
        while not self._is_stopping:
            self._restart_what_died()
            time.sleep(0.25)
        self.stop()

    def obey_signals(self) -> None:
        """TERM, Ctrl-C and a closed terminal mean: drain and stop."""
        signal.signal(signal.SIGHUP, self._asked_to_stop)
        signal.signal(signal.SIGTERM, self._asked_to_stop)
        signal.signal(signal.SIGINT, self._asked_to_stop)

    def stop(self) -> None:
        """Stop all: web, beat, control, transports, Valkey."""
        self.state.phase = "stopping"
        self._write()
        for order in sorted({part.stop_order for part in self._plans.values()}):
            self._stop_together([name for name, part in self._plans.items() if part.stop_order == order])
        self.state.phase = "stopped"
        self._write()

    def _stop_together(self, names: list[str]) -> None:
        children = [(name, self._children[name]) for name in names if name in self._children]
        for _, child in children:
            if child.poll() is None:
                child.terminate()
        for name, child in children:
            try:
                child.wait(timeout=self._plans[name].drain_s)
            except subprocess.TimeoutExpired:
                self._say(f"{name} did not end in {self._plans[name].drain_s:.0f} s and was ended")
                child.kill()
                child.wait()
            self._part(name).state = "stopped"

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True

    def _spawn(self, name: str) -> None:
        part = self._plans[name]
        environment = child_environment(self._environment, self.state.redis_url)
        child = process.spawn(part.command, log=self.log_of(name), environment=environment)
        self._children[name] = child
        self._started_at[name] = time.monotonic()
        known = self._part(name)
        known.pid, known.started = child.pid, process.started_at(child.pid)
        self._write()

    def log_of(self, name: str) -> Path:
        return self._home / "log" / f"{name}.log"

    def _part(self, name: str) -> Part:
        for part in self.state.parts:
            if part.name == name:
                return part
        self.state.parts.append(Part(name))
        return self.state.parts[-1]

    def _restart_what_died(self) -> None:
        now = time.monotonic()
        for name, child in list(self._children.items()):
            if child.poll() is None:
                continue
            part = self._part(name)
            if name not in self._due:
                if now - self._started_at[name] > STEADY_AFTER_S:
                    part.restarts = 0
                self._due[name] = now + min(MAX_RESTART_PAUSE_S, 0.5 * 2**part.restarts)
                part.state = "restarting"
                self._say(f"{name} ended ({_how(child.returncode)}); it is started again. Log: {self.log_of(name)}")
                self._write()
            elif now >= self._due[name]:
                del self._due[name]
                self._spawn(name)
                part.restarts += 1
                part.state = "running"
                self._write()

    def _wait_for(self, name: str, is_healthy: Callable[[], bool], limit_s: float, problem: str) -> None:
        until = time.monotonic() + limit_s
        while not is_healthy():
            dead = next((n for n, child in self._children.items() if child.poll() is not None), None)
            if dead:
                raise CannotStart(f"{dead} ended while starting: {self._why(dead)}")
            if time.monotonic() > until:
                log = f" Log: {self.log_of(name)}" if self.log_of(name).exists() else ""
                raise CannotStart(f"{problem} within {limit_s:.0f} s.{log}")
            if self._is_stopping:
                raise CannotStart("Interrupted.")
            time.sleep(0.1)

    def _why(self, name: str) -> str:
        """What its log says last, for the person at the terminal."""
        log = self.log_of(name)
        said = last_words(log.read_text(errors="replace").splitlines())
        return f"{said} (log: {log})" if said else f"see {log}"

    def _write(self) -> None:
        write_state(self._home, self.state)


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
