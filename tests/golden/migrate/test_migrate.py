"""Meshes as they were saved from AWS, and what becomes of each: field by field, and for each service."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from moyai.cli.migrate.inventory import build_inventory
from moyai.cli.migrate.plan import plan
from moyai.cli.migrate.report import as_json
from moyai.testing.golden import cases

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
def test_the_migration_is_as_expected(name, golden):
    documents = ((name, document) for document in yaml.safe_load_all((HERE / f"{name}.in.yaml").read_text()))
    migration = as_json(plan(build_inventory(documents)))
    fields = [
        f"{f['verdict']}: {f['resource']} {f['path']} = {f['value']} -> {f['becomes']}" for f in migration.pop("fields")
    ]
    text = yaml.safe_dump(
        migration | {"moves": [dict(move) for move in migration["moves"]]}, sort_keys=False, width=120
    )
    golden.check(name, {"plan": text, "fields": yaml.safe_dump(fields, width=400)})
