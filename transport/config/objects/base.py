"""What every object of the document is built from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from transport.config.types import Line, Name, ObjectId


class ConfigModel(BaseModel):
    """Base of everything in the document: immutable, and an unknown key is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ConfigObject(ConfigModel):
    """An object with an identity that survives renaming."""

    id: ObjectId = Field(description="Never changes; made from the name when the object is new.")
    name: Name = Field(description="What people call it.")
    comment: Line = Field("", description="Anything the next administrator should know.")
