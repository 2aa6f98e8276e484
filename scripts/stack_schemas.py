"""Writes src/moyai/stacks/types/schemas.json anew: what AWS's published schemas say of the types that moyai supports.

    python scripts/stack_schemas.py FOLDER

FOLDER: an unpacked wheel of cfn-lint, which carries the schemas (MIT-0). moyai itself does not need it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from moyai.api.models import load_models
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.resource_type import StackResourceType

MODELS = load_models()
TARGET = Path(__file__).parents[1] / "src/moyai/stacks/types/schemas.json"
REGION = "us-east-1"


def main(folder: Path) -> None:
    """Write the file."""
    schemas = folder / "cfnlint/data/schemas"
    files = json.loads((schemas / f"providers/{REGION}.json").read_text())
    described = {
        name: describe(kind, json.loads((schemas / f"resources/{files[name]}.json").read_text()))
        for name, kind in sorted(resource_types().items())
        if name in files
    }
    TARGET.write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")
    print(f"{len(described)} types in {TARGET}")


def describe(kind: StackResourceType, schema: dict[str, Any]) -> dict[str, list[str]]:
    """What moyai reads of a type's schema, and which of its properties the type's row has no place for."""
    read_only = top_level(schema.get("readOnlyProperties", []))
    operations = [name for name in (kind.create, kind.update) if name]
    inputs = [MODELS[kind.service].operation_model(operation).input_shape.members for operation in operations]
    members = {name.lower() for shape in inputs for name in shape}
    placed = {name for name in schema["properties"] if kind.rename.get(name, name).lower() in members}
    unsupported = schema["properties"].keys() - read_only - placed - kind.own_calls - kind.arranged
    return {
        "properties": sorted(schema["properties"].keys() - read_only),
        "required": sorted(schema.get("required", [])),
        "create_only": sorted(top_level(schema.get("createOnlyProperties", []))),
        "read_only": sorted(read_only),
        "unsupported": sorted(unsupported),
    }


def top_level(pointers: list[str]) -> set[str]:
    """The properties that JSON pointers name as a whole."""
    parts = [pointer.split("/")[2:] for pointer in pointers]
    return {names[0] for names in parts if len(names) == 1}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
