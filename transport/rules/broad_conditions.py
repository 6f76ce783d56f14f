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
from transport.rules.broad_samples import Sample
from transport.rules.broad_words import telling
from transport.rules.group_sizes import Sizes, not_asked
from transport.rules.pattern_match import Pattern, Steps, TooMuchWork, Words
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
"""For the patterns of a condition; which fits little can't be told where they ask for more."""
_TEXTS = 20_000
"""That the words of a condition are looked for in; the same holds of these."""


class Measure:
    """How much of the mail conditions fit, for one change; ``own`` are the accepted domains. Each is measured once."""

    def __init__(self, own: Own, sizes: Sizes = not_asked) -> None:
        self.own = own
        self.sizes = sizes
        self._known: dict[RuleCondition, bool] = {}

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
        return kind.spec.values in WORDS | PATTERNS and _texts_fit_much(condition, self.own)

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


def _texts_fit_much(condition: RuleCondition, own: Own) -> bool:
    kind, values = condition.kind, condition.values
    takes = kind.spec.values
    own = telling(_texts(takes, values), own) if takes in WORDS else own
    if takes in (_V.ATTRIBUTE_WORD, _V.ATTRIBUTE_PATTERN):
        return _attributes_fit_much(takes, values, own)
    find = _finding(takes, values)
    if kind is _K.ATTACHMENT_NAME:
        return _is_much(find, [broad_samples.FILES], of=2)
    if kind is _K.CHARACTER_SET:
        return _is_much(find, [broad_samples.CHARACTER_SETS])
    if kind in _ADDRESSES:
        return _is_much(find, broad_samples.addresses(own))
    field = "Subject" if kind in _SUBJECTS else condition.header
    return field.lower() in _ALIKE or _is_much(find, broad_samples.header(field, own))


def _texts(takes: ValueKind, values: Iterable[str]) -> Iterable[str]:
    return (value.partition(":")[2] for value in values) if takes is _V.ATTRIBUTE_WORD else values


def _attributes_fit_much(takes: ValueKind, values: Iterable[str], own: Own) -> bool:
    sought: dict[str, list[str]] = {}
    for name, _, text in (value.partition(":") for value in values):
        sought.setdefault(name, []).append(text)
    return any(
        name in _SHARED or _is_much(_finding(takes, texts), broad_samples.attribute(name, own))
        for name, texts in sought.items()
    )


def _is_much(find: Callable[[str], bool], samples: Iterable[Sample], *, of: int = 4) -> bool:
    """Whether it is in one part ``of`` so many of a sample; what costs too much to be told counts as much."""
    try:
        return any(of * sum(map(find, sample)) >= len(sample) for sample in samples)
    except TooMuchWork:
        return True


def _finding(takes: ValueKind, values: Iterable[str]) -> Callable[[str], bool]:
    """Whether any of the words or patterns is in a text. Raises TooMuchWork."""
    if takes in WORDS:
        words, texts = Words(tuple(values)), Steps(_TEXTS)
        return lambda text: _is_in(words, text, texts)
    patterns, steps = [Pattern(one) for one in values], Steps(_STEPS)
    return lambda text: any(one.is_in(text, steps) for one in patterns)


def _is_in(words: Words, text: str, texts: Steps) -> bool:
    texts.take(1)
    return bool(words.find(text))


def _ending(values: Iterable[str]) -> Callable[[str], bool]:
    ends = tuple(f".{value}" for value in values)
    return lambda name: name.lower().endswith(ends)
