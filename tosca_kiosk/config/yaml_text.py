"""YAML read strictly: plain values, keys that are text, none of them twice."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from tosca_kiosk.domain.documents import PathError, shown


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which by itself lets the last of two equal keys win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise ConstructorError(None, None, f"key {shown(key)} must be text", key_node.start_mark)
            if key in seen:
                raise ConstructorError(None, None, f"{key} occurs twice; keep one", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> tuple[Any, PathError | None]:
    """Return the value, or (None, what is wrong with its line)."""
    try:
        return yaml.load(text, _StrictLoader), None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        return None, PathError(place, f"no YAML: {error.problem}")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, PathError(f"line {line}", f"no YAML: character {error.character!r} is not allowed")
    except RecursionError:
        return None, PathError("", "is nested too deeply")
    except ValueError as error:  # a date such as 2025-13-45
        return None, PathError("", f"no YAML: {error}")
