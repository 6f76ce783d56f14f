"""Fields that name other objects by their id, as people read them: by their names."""

from __future__ import annotations

from functools import cache

from mailconsole.mailflow.fields import extras
from transport.config.diff import model_of
from transport.config.document import MailFlow
from transport.config.objects import ConfigModel
from transport.config.types import Names
from transport.config.words import object_name


def names_in(kind: str, item: ConfigModel, document: MailFlow) -> dict[str, tuple[str, ...]]:
    """The names by the field; the id of what is not there."""
    return {
        field: tuple(object_name(document, section, one) for one in getattr(item, field))
        for field, section in _naming(kind).items()
    }


@cache
def _naming(kind: str) -> dict[str, str]:
    """The section by the field."""
    fields = model_of(kind).model_fields.items()
    return {field: one.section for field, info in fields for one in extras(info) if isinstance(one, Names)}
