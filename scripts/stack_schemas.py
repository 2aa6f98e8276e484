"""Writes src/moyai/stacks/types/schemas.json anew: what AWS's published schemas say of the types that moyai supports.

    python scripts/stack_schemas.py FOLDER

FOLDER: an unpacked wheel of cfn-lint, which carries the schemas (MIT-0). moyai itself does not need it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Any

from botocore.model import ServiceModel

from moyai.api.models import load_models
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.resource_type import StackResourceType

TARGET = Path(__file__).parents[1] / "src/moyai/stacks/types/schemas.json"
REGION = "us-east-1"


def main(folder: Path) -> None:
    """Write the file."""
    schemas = folder / "cfnlint/data/schemas"
    files = json.loads((schemas / f"providers/{REGION}.json").read_text())
    described = {
        name: describe(kind, json.loads((schemas / f"resources/{files[name]}.json").read_text()))
        for name, kind in sorted(resource_types().items())
        if name in files and not kind.schema.is_open
    }
    TARGET.write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")
    print(f"{len(described)} types in {TARGET}")


@cache
def model(service: str) -> ServiceModel:
    """The operations of a service."""
    return load_models([service])[service]


def describe(kind: StackResourceType, schema: dict[str, Any]) -> dict[str, list[str]]:
    """What moyai reads of a type's schema, and which of its properties the type's row has no place for."""
    read_only = top_level(schema.get("readOnlyProperties", []))
    create_only = top_level(schema.get("createOnlyProperties", []))
    properties = schema["properties"].keys() - read_only
    accepted = placed(kind, properties, kind.create)
    updated = placed(kind, properties - create_only - kind.own_calls, kind.update, kind.update_wrapper or "")
    return {
        "properties": sorted(properties),
        "required": sorted(schema.get("required", [])),
        "create_only": sorted(create_only),
        "read_only": sorted(read_only),
        "write_only": sorted(top_level(schema.get("writeOnlyProperties", [])) & properties),
        "updated": sorted(updated),
        "identifiers": ordered(schema.get("primaryIdentifier", [])),
        "unsupported": sorted(properties - accepted - updated - kind.own_calls - kind.arranged),
    }


def placed(kind: StackResourceType, properties: AbstractSet[str], operation: str | None, wrapper: str = "") -> set[str]:
    """The properties that an operation's input has a member for, or that the row arranges for it."""
    if not operation:
        return set()
    shape = model(kind.service).operation_model(operation).input_shape
    wrapped: Any = shape.members[wrapper] if wrapper and shape else shape
    members = {name.lower() for name in wrapped.members}
    arranged = kind.arranged & properties
    return {name for name in properties if kind.rename.get(name, name).lower() in members} | arranged


def top_level(pointers: list[str]) -> set[str]:
    """The properties that JSON pointers name as a whole."""
    return set(ordered(pointers))


def ordered(pointers: list[str]) -> list[str]:
    """The properties that JSON pointers name as a whole, in their order."""
    parts = [pointer.split("/")[2:] for pointer in pointers]
    return [names[0] for names in parts if len(names) == 1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
