"""Users install what src/ imports, no more and no less: what only tests and tools need is in the group dev. The extra
``aws`` is what one process of its own imports, and what moto imports there.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.shape.tree import ROOT, modules


def imported_names(tree):
    """The top-level names of what a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_dependencies_equal_imported_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = map(Requirement, project["dependencies"])
    extra = {canonicalize_name(Requirement(text).name) for text in project["optional-dependencies"]["aws"]}
    declared = {canonicalize_name(r.name) for r in requirements if r.marker is None or r.marker.evaluate()}
    names = {name for module in modules("src") for name in imported_names(module.tree)}
    names -= {*sys.stdlib_module_names, "compression", "moyai"}  # compression is in the library since Python 3.14
    provided = packages_distributions()
    if "backports-zstd" not in declared:  # newer Pythons have it
        names.discard("backports")
    owners = {name: {canonicalize_name(owner) for owner in provided[name]} for name in names}
    assert {name for name, distributions in owners.items() if not distributions & (declared | extra)} == set()
    assert declared - set().union(*owners.values()) == set()
