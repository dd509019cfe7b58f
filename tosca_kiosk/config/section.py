"""A section of a configuration's file, made of the record it fills: its fields, types, rules and defaults."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import partial
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, create_model
from pydantic_core import PydanticCustomError

from hardware.rules import Rule
from tosca_kiosk.domain.documents import StrictModel


def section(
    name: str, filled: type[Any], base: type[StrictModel] = StrictModel, **more: Any
) -> type[BaseModel]:
    """Return the shape of a section that fills a dataclass. more: required fields before its own.

    base: what says what to write instead of keys that the section had once.
    """
    shape: dict[str, Any] = {field: (kind, ...) for field, kind in more.items()}
    kinds = get_type_hints(filled, include_extras=True)
    for field in fields(filled):
        default = ... if field.default is MISSING else field.default
        shape[field.name] = (_checked(kinds[field.name]), default)
    return create_model(name, __base__=base, **shape)


def held(rule: Rule) -> AfterValidator:
    """Return what makes pydantic refuse what a rule refuses, in the rule's words."""
    return AfterValidator(partial(_check, rule))


def _checked(kind: Any) -> Any:
    """Return a type in which every rule is held."""
    if get_origin(kind) is Annotated:
        plain, *rules = get_args(kind)
        return Annotated[plain, *map(held, rules)]
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(map(_checked, get_args(kind)))]  # noqa: UP007  # of parts known when it runs
    return kind


def _check(rule: Rule, value: object) -> object:
    problem = rule.problem(value)
    if problem is not None:
        raise PydanticCustomError("not_allowed", "{problem}", {"problem": problem})
    return value
