"""What pydantic says about a wrong document, as a place that people find and a sentence that people understand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, PlainSerializer, ValidationError

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing wrong: where (``relay_policies[Scanners].networks[0]``, and as pydantic's ``loc``) and what."""

    path: str
    loc: Location
    sentence: str

    @property
    def field(self) -> str:
        """The first name in it; empty where the whole object is meant."""
        return next((str(step) for step in self.loc if isinstance(step, str)), "")

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


def explain(error: ValidationError, data: Any, *, model: type[BaseModel]) -> tuple[Misfit, ...]:
    """The misfits of ``data``, which ``model`` refused with ``error``."""
    return tuple(
        Misfit(path_of(entry["loc"], data), entry["loc"], _sentence(dict(entry), model)) for entry in error.errors()
    )


def path_of(loc: Location, data: Any) -> str:
    """``loc`` with the names of objects in place of their numbers, as far as ``data`` has them."""
    path, here = "", data
    for step in loc:
        here = _inside(here, step)
        if isinstance(step, int):
            path += f"[{_name(here) or step}]"
        else:
            path += f".{step}" if path else step
    return path


def _inside(data: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return data[step] if isinstance(data, Sequence) and not isinstance(data, str) and step < len(data) else None
    return data.get(step) if isinstance(data, Mapping) else None


def _name(item: Any) -> str:
    if not isinstance(item, Mapping):
        return ""
    name = item.get("name") or item.get("id") or item.get("network") or ""
    return str(name)[:64]


def _sentence(entry: dict[str, Any], model: type[BaseModel]) -> str:
    context, kind = entry.get("ctx", {}), entry["type"]
    if kind == "extra_forbidden":
        return _unknown_key(entry["loc"], model)
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context.get("pattern", ""), "is not written as it has to be")
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**_as_written(context, entry["loc"], model))
    message = str(entry["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:] if message.startswith(("Input ", "Field ")) else message


def _as_written(context: Mapping[str, Any], loc: Location, model: type[BaseModel]) -> dict[str, Any]:
    """Limits as people write them: 1m and not 60, where the field is a duration or a size."""
    field = next((step for step in reversed(loc) if isinstance(step, str)), "")
    info = _model_at(model, loc[: loc.index(field)] if field else ()).model_fields.get(field)
    metadata = info.metadata if info is not None else ()
    write: Any = next((one.func for one in metadata if isinstance(one, PlainSerializer)), None)
    return {name: write(value) if write and name in ("ge", "le") else value for name, value in context.items()}


_SENTENCES = {
    "missing": "is missing",
    "enum": "must be {expected}",
    "string_type": "must be text; put it in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "has at most {max_length} characters",
    "tuple_type": "must be a list",
    "too_short": "needs at least {min_length}",
    "too_long": "has at most {max_length}",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not that large",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "timezone_aware": "needs a time zone, for example 2026-12-31T00:00:00Z",
    "datetime_parsing": "is not a time; write for example 2026-12-31T00:00:00Z",
    "datetime_from_date_parsing": "is not a time; write for example 2026-12-31T00:00:00Z",
    "datetime_type": "is not a time; write for example 2026-12-31T00:00:00Z",
}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,62}$": "must be of lower case letters, digits and hyphens, at most 63, "
    "and not begin with a hyphen",
    r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$": "must be of letters, digits and . _ @ + -, at most 64, "
    "and begin with a letter or digit",
    r"^[!-9;-~]{0,64}$": "must be the name of a header field, such as X-App: no space, no colon, at most 64",
}


def _unknown_key(loc: Location, model: type[BaseModel]) -> str:
    known = list(_model_at(model, loc[:-1]).model_fields)
    near = difflib.get_close_matches(str(loc[-1]), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"unknown key; {hint}"


def _model_at(model: type[BaseModel], loc: Location) -> type[BaseModel]:
    """The model of the object at ``loc``: numbers step into lists, names into fields."""
    for step in loc:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one)) is not None), None)
