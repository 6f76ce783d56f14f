"""Whether a condition of a mail flow rule fits much of the mail: measured by what mail looks like. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from transport.config.objects import RuleCondition
from transport.config.rule_kinds import PATTERNS, WORDS, ConditionKind, ValueKind
from transport.config.types import parse_size
from transport.config.validate_policies import broad_of
from transport.rules import broad_samples
from transport.rules.broad_domains import Own, is_registry
from transport.rules.broad_patterns import Sought, could_fit
from transport.rules.broad_samples import Sample
from transport.rules.broad_words import telling
from transport.rules.group_sizes import Sizes, not_asked
from transport.rules.pattern_match import Steps, TooMuchWork, Words
from transport.rules.patterns import parent_domains

_K, _V = ConditionKind, ValueKind
_HALVES = (_K.FROM_SCOPE, _K.SENT_TO_SCOPE, _K.SENDER_AUTHENTICATED, _K.RECEIVE_CONNECTOR, _K.SAME_ATTRIBUTE,
           _K.OTHER_ATTRIBUTE)  # fmt: skip
"""Divide all mail into few streams: one of them is much."""
_ADDRESSES = (_K.FROM_ADDRESS_WORDS, _K.FROM_ADDRESS_PATTERNS, _K.RECIPIENT_WORDS, _K.RECIPIENT_PATTERNS)
OF_GROUPS = (_K.FROM_MEMBER_OF, _K.SENT_TO_MEMBER_OF, _K.TO_MEMBER_OF, _K.CC_MEMBER_OF, _K.TO_CC_MEMBER_OF)
"""Of people by the groups that they are in."""
_SUBJECTS = (_K.SUBJECT_WORDS, _K.SUBJECT_PATTERNS)
_SHARED = ("Company", "Country")
"""Attributes that most people of an organisation have alike."""
_ALIKE = ("received", "date", "mime-version")
"""Fields that each message has, with what nobody could foresee in them: times, and the hosts on the way."""
MANY = 100
"""Addresses that are everybody in many organisations."""
_SMALL = 2**20
_STEPS = 3_000_000
"""For all that a change looks for; which fits little can't be told where that asks for more. People wait for it."""
_TEXT = 10
"""Steps in whose time a few words are looked for in a text."""
_WORDS_A_STEP = 5
"""More of them that are looked for in the time of a step."""


class Measure:
    """How much of the mail conditions fit, for one change; ``own`` are the accepted domains. Each is measured once."""

    def __init__(self, own: Own, sizes: Sizes = not_asked) -> None:
        self.own = own
        self.sizes = sizes
        self._known: dict[RuleCondition, bool] = {}
        self._steps = Steps(_STEPS)

    def fits_much(self, condition: RuleCondition) -> bool:
        """Also what only looks like a condition, or names a domain of ours whole."""
        found = self._known.get(condition)
        if found is None:
            found = self._known[condition] = self._measured(condition)
        return found

    def _measured(self, condition: RuleCondition) -> bool:
        kind, values = condition.kind, condition.values
        if kind in _HALVES:
            return True
        if kind is _K.IMPORTANCE:
            return "Normal" in values
        if kind in OF_GROUPS and len(values) < MANY:
            return are_many(self.sizes(values))
        if kind is _K.BETWEEN_MEMBERS and len(values) < MANY:
            return self._are_many_between(values)
        simple = _SIMPLE.get(kind.spec.values)
        if simple is not None:
            return simple(values, self.own)
        return kind.spec.values in WORDS | PATTERNS and self._texts_fit_much(condition)

    def _texts_fit_much(self, condition: RuleCondition) -> bool:
        """What costs too much to be told counts as much."""
        try:
            return _texts_fit_much(condition, self.own, self._steps)
        except TooMuchWork:
            return True

    def _are_many_between(self, pairs: tuple[str, ...]) -> bool:
        """The smaller group of each pair says how many can write, or be written to."""
        found = [[self.sizes((group,)) for group in pair.split(", ")] for pair in pairs]
        least = [min((size for size in sizes if size is not None), default=None) for sizes in found]
        return None in least or sum(size for size in least if size is not None) >= MANY


def are_many(size: int | None) -> bool:
    """What can't be told counts as much."""
    return size is None or size >= MANY


@lru_cache(maxsize=2)
def _whole(own: Own) -> frozenset[str]:
    """By which names, with what is below them, one of our domains is named whole."""
    return own | {parent for one in own for parent in parent_domains(one)}


_SIMPLE: dict[ValueKind, Callable[[tuple[str, ...], Own], bool]] = {
    _V.ADDRESS: lambda values, own: len(values) >= MANY,
    _V.GROUP_PAIR: lambda values, own: len(values) >= MANY,
    _V.DOMAIN: lambda values, own: any(is_registry(one) or one.lower() in _whole(own) for one in values),
    _V.NETWORK: lambda values, own: bool(broad_of(values)),
    _V.SIZE: lambda values, own: any(parse_size(one) < _SMALL for one in values),
    _V.EXTENSION: lambda values, own: _is_much(_ending(values), [broad_samples.FILES], of=2),
}


def _texts_fit_much(condition: RuleCondition, own: Own, steps: Steps) -> bool:
    """Raises TooMuchWork."""
    kind, values = condition.kind, condition.values
    takes = kind.spec.values
    texts = _texts(takes, values)
    own = telling(texts, own, steps) if takes in WORDS else could_fit(texts, own, steps)
    if takes in (_V.ATTRIBUTE_WORD, _V.ATTRIBUTE_PATTERN):
        return _attributes_fit_much(takes, values, own, steps)
    find = _finding(takes, values, steps)
    if kind is _K.ATTACHMENT_NAME:
        return _is_much(find, [broad_samples.FILES], of=2)
    if kind is _K.CHARACTER_SET:
        return _is_much(find, [broad_samples.CHARACTER_SETS])
    if kind in _ADDRESSES:
        return _is_much(find, broad_samples.addresses(own))
    field = "Subject" if kind in _SUBJECTS else condition.header
    return field.lower() in _ALIKE or _is_much(find, broad_samples.header(field, own))


def _texts(takes: ValueKind, values: Iterable[str]) -> list[str]:
    of_attributes = takes in (_V.ATTRIBUTE_WORD, _V.ATTRIBUTE_PATTERN)
    return [value.partition(":")[2] for value in values] if of_attributes else list(values)


def _attributes_fit_much(takes: ValueKind, values: Iterable[str], own: Own, steps: Steps) -> bool:
    sought: dict[str, list[str]] = {}
    for name, _, text in (value.partition(":") for value in values):
        sought.setdefault(name, []).append(text)
    return any(
        name in _SHARED or _is_much(_finding(takes, texts, steps), broad_samples.attribute(name, own))
        for name, texts in sought.items()
    )


def _is_much(find: Callable[[str], bool], samples: Iterable[Sample], *, of: int = broad_samples.MUCH) -> bool:
    """Whether it is in one part ``of`` so many of a sample."""
    return any(of * sum(map(find, sample)) >= len(sample) for sample in samples)


def _finding(takes: ValueKind, values: Iterable[str], steps: Steps) -> Callable[[str], bool]:
    """Whether any of the words or patterns is in a text. Raises TooMuchWork, and so does what it returns."""
    if takes in WORDS:
        words = Words(tuple(values))
        cost = _TEXT + len(words.words) // _WORDS_A_STEP
        return lambda text: _is_in(words, text, cost, steps)
    patterns = [Sought(one, steps) for one in values]
    return lambda text: any(one.is_in(text) for one in patterns)


def _is_in(words: Words, text: str, cost: int, steps: Steps) -> bool:
    steps.take(cost)
    return bool(words.find(text))


def _ending(values: Iterable[str]) -> Callable[[str], bool]:
    ends = tuple(f".{value}" for value in values)
    return lambda name: name.lower().endswith(ends)
