"""From fields to the document: each object read by its model, what the model refuses told and left out."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from mailconsole.imports.report import Subject
from transport.config.diff import model_of
from transport.config.document import MailFlow
from transport.config.explain import Misfit, explain
from transport.config.objects import ConfigModel
from transport.config.text import slug

Fields = dict[str, Any]


_NARROWING: dict[str, set[str]] = {
    "relay_policies": {"networks", "sender_addresses", "recipient_addresses", "is_tls_required", "identities"},
    "receive_connectors": {"remote_ip_ranges", "permission_groups", "tls_mode", "bindings"},
    "send_connectors": {"smart_hosts", "port", "tls_level"},
    "mail_flow_rules": {"conditions", "exceptions", "activation_at", "expires_at", "mode"},
}
"""Fields whose default does more than a value would, or something else."""


class Building:
    """The document that an import leads to. An object of the same name is taken for the same one, and changed."""

    def __init__(self, document: MailFlow) -> None:
        self.document = document
        self._sections: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, dict[str, str]] = {}
        """By section and name in lower case."""
        self._numbers: dict[tuple[str, str], int] = {}
        """By section and id: the number that the last one like it got."""

    def section(self, kind: str) -> dict[str, Any]:
        """The objects of a section as built so far, by id."""
        if kind not in self._sections:
            self._sections[kind] = {item.id: item for item in self.document.section(kind)}
        return self._sections[kind]

    def put(self, kind: str, fields: Fields, about: Subject, *, object_id: str = "") -> str:
        """Add or change one object; return its id, empty where the model takes it in no way."""
        section = self.section(kind)
        fields = fields | {"id": object_id or self._id(kind, str(fields.get("name") or kind))}
        known = section.get(fields["id"])
        made = _read(kind, (_as_fields(known) if known is not None else {}) | fields, about)
        if made is None:
            return ""
        section[fields["id"]] = made
        if kind in self._ids:
            self._ids[kind].setdefault(made.name.casefold(), made.id)
        about.became(kind, fields["id"])
        return str(fields["id"])

    def entry(self, kind: str, fields: Fields) -> None:
        """An entry of an IP list; one of its network stays as it is."""
        model = model_of(kind)
        made: Any = model.model_validate(fields)
        if kind not in self._sections:
            self._sections[kind] = {item.network: item for item in self.document.section(kind)}
        self._sections[kind].setdefault(made.network, made)

    def organization(self, fields: Fields, about: Subject) -> None:
        """What holds for all mail, changed in these fields."""
        given = _as_fields(self.document.organization) | fields
        made = _read("organization", given, about)
        if made is not None:
            self.document = self.document.model_copy(update={"organization": made})
            about.became("organization", "organization")

    def finished(self) -> MailFlow:
        """Raises pydantic.ValidationError."""
        whole = {name: getattr(self.document, name) for name in type(self.document).model_fields}
        return MailFlow.model_validate(whole | {kind: tuple(items.values()) for kind, items in self._sections.items()})

    def _id(self, kind: str, name: str) -> str:
        section = self.section(kind)
        if kind not in self._ids:
            self._ids[kind] = {one.name.casefold(): one.id for one in reversed(section.values())}
        same = self._ids[kind].get(name.casefold(), "")
        if same and section[same].name.casefold() == name.casefold():
            return same
        self._ids[kind].pop(name.casefold(), None)
        wanted = made = slug(name)
        number = self._numbers.get((kind, wanted), 1)
        while made in section:
            number += 1
            made = f"{wanted[:58]}-{number}"
        self._numbers[kind, wanted] = number
        return made


def _as_fields(item: ConfigModel) -> Fields:
    return item.model_dump(mode="json")


def _read(kind: str, fields: Fields, about: Subject) -> Any:
    """The model's object; a field that it refuses falls back to the default, once each."""
    model = model_of(kind)
    fields = {name: value for name, value in fields.items() if value is not None or not _is_required(kind, name)}
    for _ in range(len(fields) + 1):
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            misfits = explain(error, fields, model=model)
            wrong = {
                name for name in fields if not _is_required(kind, name) and any(_is_about(one, name) for one in misfits)
            }
            for one in misfits:
                about.left_out(one.field, fields.get(one.field, ""), f"Here {one.field or 'it'} {one.sentence}.")
            if not wrong:
                about.left_out("", "", "The whole object: without this it can't be made.")
                return None
            fields = {name: value for name, value in fields.items() if name not in wrong}
            if wrong & _NARROWING.get(kind, set()):
                fields["is_enabled"] = False
                about.left_out("is_enabled", "", "Disabled: with less said it would do more than it did.")
    return None


def _is_about(misfit: Misfit, field: str) -> bool:
    """At the field; or about the object as a whole, in a sentence that names it."""
    return misfit.field == field or (not misfit.field and field in misfit.sentence.split())


def _is_required(kind: str, name: str) -> bool:
    info = model_of(kind).model_fields.get(name)
    return info is not None and info.is_required()
