"""Back pressure: how scarce each resource is, from readings and the level before. Pure.

A level is reached at its limit and left only well below it, so that it does not flutter: High ends half way between
the limits, Medium half that distance below its own (Exchange's limits for going down lie about there).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transport.config.objects.pressure import BackPressure
from transport.model.pressure import Level, Resource, ResourceState
from transport.model.session import SessionFacts
from transport.rules.ruleset import Ruleset

READINGS_BEFORE_RISE = {Resource.MEMORY: 10}
"""Memory swings: so many readings in a row must ask for a higher level. Everything else rises at once."""

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Readings:
    """What was measured. ``disk_problem`` says why the disk could not be read; empty when it could."""

    queue_length: int = 0
    disk_total_bytes: int = 0
    disk_free_bytes: int = 0
    memory_bytes: int = 0
    memory_total_bytes: int = 0
    disk_problem: str = ""


@dataclass(frozen=True, slots=True)
class _Scale:
    resource: Resource
    value: float
    medium: float | None
    high: float | None
    sign: int = 1  # -1 where less is worse

    def level(self, before: Level) -> Level:
        """The level that this value asks for, given the one before."""
        if self._is_at(Level.HIGH, before):
            return Level.HIGH
        return Level.MEDIUM if self._is_at(Level.MEDIUM, before) else Level.LOW

    def _is_at(self, level: Level, before: Level) -> bool:
        limit = self.high if level is Level.HIGH else self.medium
        if limit is None:
            return False
        if before.rank >= level.rank:
            return self.sign * self.value >= self.sign * limit - self._slack
        return self.sign * self.value >= self.sign * limit

    @property
    def _slack(self) -> float:
        if self.medium is None or self.high is None:
            return abs(self.medium if self.medium is not None else self.high or 0.0) / 10
        return abs(self.high - self.medium) / 2


def judge(
    said: BackPressure, readings: Readings, before: Mapping[Resource, ResourceState], *, now: float
) -> tuple[ResourceState, ...]:
    """The state of every resource. ``before`` holds the last ones; empty at start."""
    return tuple(_state(scale, readings, before.get(scale.resource), now) for scale in _scales(said, readings))


def _scales(said: BackPressure, readings: Readings) -> Iterable[_Scale]:
    def limits(medium: float | None, high: float | None) -> tuple[float | None, float | None]:
        return (medium, high) if said.is_back_pressure_enabled else (None, None)

    disk_used = _percent(readings.disk_total_bytes - readings.disk_free_bytes, readings.disk_total_bytes)
    memory = _percent(readings.memory_bytes, readings.memory_total_bytes)
    return (
        _Scale(Resource.QUEUE_LENGTH, readings.queue_length, *limits(said.queue_length_medium, said.queue_length_high)),
        _Scale(Resource.SPOOL_DISK_USED, disk_used, *limits(said.spool_disk_used_medium, said.spool_disk_used_high)),
        _Scale(
            Resource.SPOOL_DISK_FREE,
            readings.disk_free_bytes,
            *limits(said.spool_disk_free_medium, said.spool_disk_free_high),
            sign=-1,
        ),
        _Scale(Resource.MEMORY, memory, *limits(said.memory_used_medium, said.memory_used_high)),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _state(scale: _Scale, readings: Readings, before: ResourceState | None, now: float) -> ResourceState:
    was = before.level if before is not None else Level.LOW
    is_disk = scale.resource in (Resource.SPOOL_DISK_USED, Resource.SPOOL_DISK_FREE)
    if is_disk and readings.disk_problem:  # law 6: cannot tell is a temporary no
        level = Level.HIGH if scale.resource is Resource.SPOOL_DISK_FREE else was
    else:
        level = scale.level(was)
    above = (before.above if before is not None else 0) + 1 if level.rank > was.rank else 0
    if above and before is not None and above < READINGS_BEFORE_RISE.get(scale.resource, 1):
        level = was
    else:
        above = 0
    since = before.since if before is not None and level is was else now
    sentence = _sentence(scale, level, readings.disk_problem if is_disk else "")
    return ResourceState(scale.resource, level, scale.value, scale.medium, scale.high, since, sentence, above)


def _sentence(scale: _Scale, level: Level, problem: str) -> str:
    if problem:
        return f"The spool's disk can't be read: {problem}."
    value = amount(scale.resource, scale.value)
    said = {
        Resource.QUEUE_LENGTH: f"{value} are queued on the node",
        Resource.SPOOL_DISK_USED: f"{value} of the spool's disk is in use",
        Resource.SPOOL_DISK_FREE: f"The spool's disk has {value} left",
        Resource.MEMORY: f"The node holds {value} of the memory",
    }[scale.resource]
    limit = scale.high if level is Level.HIGH or scale.medium is None else scale.medium
    if limit is None:
        return f"{said}; there is no limit."
    return f"{said}; the limit for {'High' if limit == scale.high else 'Medium'} is {amount(scale.resource, limit)}."


def amount(resource: Resource, value: float) -> str:
    """A value with its unit, for people: ``1,500,000 messages``, ``97.5 %``, ``80 MB``."""
    if resource is Resource.QUEUE_LENGTH:
        return f"{int(value):,} message{'' if value == 1 else 's'}"
    if resource is Resource.SPOOL_DISK_FREE:
        return f"{value / _MB:,.0f} MB" if value >= 10 * _MB else f"{value / 1024:,.0f} KB"
    return f"{value:g} %"


def worst(states: Iterable[ResourceState]) -> ResourceState | None:
    """The first of the scarcest; None where nothing was measured yet."""
    return max(states, key=lambda state: state.level.rank, default=None)


def reason(states: Iterable[ResourceState], at_least: Level) -> str:
    """Why mail waits, for operators; empty when no resource is at that level."""
    scarce = worst(states)
    if scarce is None or scarce.level.rank < at_least.rank:
        return ""
    return f"back pressure is {scarce.level}: {scarce.sentence.rstrip('.')}"


def is_from_outside(ruleset: Ruleset, facts: SessionFacts) -> bool:
    """Neither a user who signed in nor a network that a relay policy names: whom Medium makes wait."""
    return not facts.identity and not ruleset.is_network_named(facts.peer)
