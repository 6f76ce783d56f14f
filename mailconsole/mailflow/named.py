"""Fields that name other objects by their id, as people read them: by their names."""

from __future__ import annotations

from transport.config.document import MailFlow
from transport.config.naming import naming_fields
from transport.config.objects import ConfigModel
from transport.config.words import object_name


def names_in(kind: str, item: ConfigModel, document: MailFlow) -> dict[str, tuple[str, ...]]:
    """The names by the field; the id of what is not there."""
    return {
        field: tuple(object_name(document, section, one) for one in getattr(item, field))
        for field, section in naming_fields(kind).items()
    }
