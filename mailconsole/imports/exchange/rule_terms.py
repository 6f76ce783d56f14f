"""What `Get-TransportRule` says in several parameters, or by another name, as the one condition that it is here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailconsole.imports.exchange.parameters import said
from mailconsole.imports.exchange.values import Lost, items, one_of, text
from mailconsole.imports.report import Subject
from transport.config.rule_kinds import ATTRIBUTES, ConditionKind

SCL_HEADER = "X-MS-Exchange-Organization-SCL"
EXCEPT = "ExceptIf"
_USERS = {"Sender": 0, "Recipient": 1}
_OPERATORS = {"Equal": 0, "NotEqual": 1}
_SAME = {
    "AnyOfRecipientAddressContainsWords": ConditionKind.RECIPIENT_WORDS,
    "AnyOfRecipientAddressMatchesPatterns": ConditionKind.RECIPIENT_PATTERNS,
}
_MANAGERS = {"Sender": ConditionKind.SENDER_MANAGER, "Recipient": ConditionKind.RECIPIENT_MANAGER}
_COMPARED = {"Equal": ConditionKind.SAME_ATTRIBUTE, "NotEqual": ConditionKind.OTHER_ATTRIBUTE}
_NAMES = {name.lower() for name in ATTRIBUTES}


def translated(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    """The same rule in the terms that it has here; what has none is left as it is."""
    terms = dict(given)
    for prefix in ("", EXCEPT):
        for name, kind in _SAME.items():
            _move(terms, prefix + name, prefix + kind)
        _joined(terms, prefix, "ManagerAddresses", "ManagerForEvaluatedUser", _USERS, _MANAGERS)
        _joined(terms, prefix, "ADComparisonAttribute", "ADComparisonOperator", _OPERATORS, _COMPARED)
        _between(terms, prefix)
        _scl(terms, prefix, about)
    _set_scl(terms, about)
    return terms


def _is_said(value: Any) -> bool:
    return value is not None and said(value) not in ("", "None")


def _move(terms: dict[str, Any], name: str, to: str) -> None:
    if _is_said(terms.get(name)) and not _is_said(terms.get(to)):
        terms[to] = terms.pop(name)


def _joined(
    terms: dict[str, Any],
    prefix: str,
    values: str,
    which: str,
    names: Mapping[str, int],
    kinds: Mapping[str, ConditionKind],
) -> None:
    """Values in one parameter, which condition it is in the other."""
    if not _is_said(terms.get(prefix + values)):
        return
    kind = kinds.get(one_of(terms.get(prefix + which), names))
    if kind is not None:
        terms.pop(prefix + which)
        _move(terms, prefix + values, prefix + kind)


def _between(terms: dict[str, Any], prefix: str) -> None:
    """The groups of one side in one parameter, those of the other in the other: each with each."""
    sides = [f"{prefix}BetweenMemberOf{number}" for number in (1, 2)]
    if not all(_is_said(terms.get(side)) for side in sides):
        return
    ones, others = (terms.pop(side) for side in sides)
    try:
        pairs: list[str] | str = [f"{one}, {other}" for one in items(ones) for other in items(others)]
    except Lost as error:
        pairs = str(error)  # is told when the condition is read
    terms[prefix + ConditionKind.BETWEEN_MEMBERS] = pairs


def _scl(terms: dict[str, Any], prefix: str, about: Subject) -> None:
    """Spam is judged elsewhere: what the judge wrote into the header is looked at."""
    name, field, patterns = f"{prefix}SCLOver", f"{prefix}HeaderMatchesMessageHeader", f"{prefix}HeaderMatchesPatterns"
    least = text(terms.get(name))
    if least not in tuple("0123456789") or _is_said(terms.get(patterns)):
        return
    terms.pop(name)
    terms[field], terms[patterns] = SCL_HEADER, [f"^[{least}-9]$"]
    about.approximated(name, least, f"It looks at the field {SCL_HEADER}, as who judged the message wrote it.")


def _set_scl(terms: dict[str, Any], about: Subject) -> None:
    value = text(terms.get("SetSCL"))
    if value in ("-1", *"0123456789") and not _is_said(terms.get("SetHeaderName")):
        terms.pop("SetSCL")
        terms["SetHeaderName"], terms["SetHeaderValue"] = SCL_HEADER, value
        about.approximated("SetSCL", value, f"It sets the field {SCL_HEADER}.")


def attribute_values(value: Any) -> Iterator[str]:
    """``Title:Head,Lead`` says two values of one attribute; a text splits at its commas, between attributes too."""
    name = ""
    for part in _parts(items(value)):
        begin, colon, _ = part.partition(":")
        if colon and begin.strip().lower() in _NAMES:
            name = begin.strip()
            yield part
        else:
            yield f"{name}:{part}" if name else part


def _parts(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from [value] if "{" in value else (part.strip() for part in value.split(",") if part.strip())
