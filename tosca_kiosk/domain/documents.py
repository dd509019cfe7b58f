"""Checked JSON documents: read so that every mistake is named by its path.

Protocols, calibrations and configurations are read by it. Nothing is clamped or guessed: a document is right,
or refused whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

Location = tuple[str | int, ...]


class PathError(NamedTuple):
    """One mistake. path: as in `steps[1].power_end_watts`, "" for the document itself."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class DocumentError(ValueError):
    """A document that is refused, with every mistake found in it. Its text is one line."""

    def __init__(self, source_name: str, errors: tuple[PathError, ...]) -> None:
        super().__init__(f"{source_name}: " + "; ".join(str(error) for error in errors))
        self.source_name = source_name
        self.errors = errors


class StrictModel(BaseModel):
    """A JSON object whose keys are all known and whose values are never converted.

    instead: for a key that was known once, what is said of it.
    """

    instead: ClassVar[Mapping[str, str]] = {}
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class _Doubled(dict[str, Any]):
    """A JSON object in which some keys occur twice; `load_json` refuses it."""

    doubled: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) == len(pairs):
        return whole
    keys = [key for key, _ in pairs]
    marked = _Doubled(whole)
    marked.doubled = tuple(key for key in whole if keys.count(key) > 1)
    return marked


def load_json(text: str | bytes) -> tuple[Any, list[PathError]]:
    """Return the value and the keys that occur twice; (None, errors) when it is no JSON at all."""
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        tree = json.loads(decoded.removeprefix("\ufeff"), object_pairs_hook=_object)
        return tree, list(_doubled_keys(tree, ()))
    except UnicodeDecodeError as error:
        return None, [PathError("", f"is not UTF-8 text (byte {error.start})")]
    except json.JSONDecodeError as error:
        return None, [PathError(f"line {error.lineno}, column {error.colno}", f"no JSON: {error.msg}")]
    except RecursionError:
        return None, [PathError("", "is nested too deeply")]
    except ValueError as error:  # a whole number of more digits than Python converts
        return None, [PathError("", f"no JSON: {error}")]


def _doubled_keys(value: Any, location: Location) -> Iterator[PathError]:
    if isinstance(value, _Doubled):
        for key in value.doubled:
            yield PathError(json_path((*location, key)), "occurs twice; keep one")
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _doubled_keys(child, (*location, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _doubled_keys(child, (*location, index))


def json_path(location: Location) -> str:
    """Return ("steps", 1, "ring_size_mm") as steps[1].ring_size_mm."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in location)
    return "".join(parts).removeprefix(".")


def _key(key: str) -> str:
    return key if key.isprintable() else json.dumps(key)


def shown(value: object) -> str:
    """Return a value as its document wrote it, in ASCII and at most 40 characters."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and value.bit_length() > 1024:  # Python may refuse to write it out
        return "a number of hundreds of digits"
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


_WANTED: Final = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "invalid_key": "is not known: keys are text",
    "literal_error": "is not allowed; allowed: {expected}",
    "greater_than": "must be over {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "too_short": "is too short; at least {min_length} are needed",
}


def shape_errors(model: type[BaseModel], tree: object) -> list[PathError]:
    """Return where a tree of dicts and lists departs from a model, in words that say what is allowed."""
    try:
        model.model_validate(tree)
    except ValidationError as error:
        return [
            PathError(json_path(one["loc"]), _shape_text(model, dict(one)))
            for one in error.errors(include_url=False)
        ]
    return []


def _shape_text(model: type[BaseModel], error: dict[str, Any]) -> str:
    kind: str = error["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        asked = _model_at(model, error["loc"][:-1])
        known_once: Mapping[str, str] = getattr(asked, "instead", {})
        key = error["loc"][-1]
        return known_once.get(key) or "is not known; allowed: " + ", ".join(asked.model_fields)
    wanted = _WANTED[kind].format(**error.get("ctx", {})) if kind in _WANTED else error["msg"]
    advice = "; put it in quotes" if kind == "string_type" and isinstance(error["input"], int | float) else ""
    return f"{shown(error['input'])} {wanted}{advice}"


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    for part in location:
        if isinstance(part, str):
            model = next(_models_in(model.model_fields[part].annotation))
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    if get_origin(annotation) in (list, tuple, Union, UnionType, Annotated):
        for inner in get_args(annotation):
            yield from _models_in(inner)
