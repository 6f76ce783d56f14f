"""CLIXML, what PowerShell's Export-Clixml writes ([MS-PSRP] 2.2.5), as plain values.

It comes from anywhere: a document type, and with it every entity, is refused; depth and number of elements are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from mailconsole.common import storable

MAX_DEPTH = 48
MAX_ELEMENTS = 600_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CONTAINERS = ("LST", "IE", "QUE", "STK")


class BadXml(ValueError):
    """The sentence says what is wrong, and where."""


@dataclass(slots=True)
class _Element:
    tag: str
    name: str
    ref: str
    children: list[_Element] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.said)


def read_clixml(text: str) -> list[dict[str, Any]]:
    """The objects, each as its properties; ``""`` is the key of its type. Raises BadXml."""
    root = _parse(text)
    if root.tag != "Objs":
        raise BadXml(f"its root is <{root.tag[:40]}>, not <Objs>")
    reader = _Reader()
    found = [reader.value(child) for child in root.children]
    flat = [one for value in found for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, dict)]


def _parse(text: str) -> _Element:
    top = _Element("", "", "")
    stack, count = [top], 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > MAX_DEPTH or count > MAX_ELEMENTS:
            raise BadXml("it is nested too deep or too large")
        made = _Element(tag, _plain(attributes.get("N", "")), attributes.get("RefId", ""))
        stack[-1].children.append(made)
        stack.append(made)

    def end(_: str) -> None:
        stack.pop()

    def characters(data: str) -> None:
        stack[-1].said.append(data)

    def refused(*_: object) -> None:
        raise BadXml("it declares a document type or entities, which no export has")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refused
    parser.ExternalEntityRefHandler = refused  # type: ignore[assignment]
    try:
        parser.Parse(text.removeprefix("\ufeff").encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise BadXml(f"it is no XML: {error}") from None
    return top.children[0]


class _Reader:
    """Values of elements; an object that was there before is referred to by its number."""

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}
        self._types: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._count = 0

    def value(self, element: _Element) -> Any:
        """Raises BadXml: objects that refer to objects that refer to others may make it too large."""
        self._count += self._sizes.get(element.ref, 0) if element.tag == "Ref" else 1
        if self._count > MAX_ELEMENTS:
            raise BadXml("it is nested too deep or too large")
        if element.tag == "Obj":
            before = self._count
            made = self._object(element)
            self._objects[element.ref], self._sizes[element.ref] = made, 1 + self._count - before
            return made
        if element.tag == "Ref":
            return self._objects.get(element.ref)
        if element.tag == "Nil":
            return None
        if element.tag == "B":
            return element.text.strip() == "true"
        return _plain(element.text)

    def _object(self, element: _Element) -> Any:
        parts = {child.tag: child for child in element.children}
        for tag in _CONTAINERS:
            if tag in parts:
                return [self.value(child) for child in parts[tag].children]
        if "DCT" in parts:
            return self._dictionary(parts["DCT"])
        kind = self._type(parts)
        members = [child for tag in ("Props", "MS") if tag in parts for child in parts[tag].children]
        properties = {child.name: self.value(child) for child in members}
        said = _plain(parts["ToString"].text) if "ToString" in parts else None
        # A value such as a size or an enumeration says itself; an object has more to it than its name.
        if said is not None and not ({"Name", "Identity"} & properties.keys()):
            return said
        return ({"": kind} | properties) if properties or said is None else said

    def _type(self, parts: dict[str, _Element]) -> str:
        if "TN" in parts:
            types = [child.text for child in parts["TN"].children]
            self._types[parts["TN"].ref] = types[0] if types else ""
            return types[0] if types else ""
        return self._types.get(parts["TNRef"].ref, "") if "TNRef" in parts else ""

    def _dictionary(self, element: _Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for entry in element.children:
            pair = {child.name: self.value(child) for child in entry.children}
            found[str(pair.get("Key"))] = pair.get("Value")
        return found


def _plain(text: str) -> str:
    return storable.text(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), text))
