"""The texts of files: each module says what it promises, no file where it was made or where packages come from."""

from __future__ import annotations

import ast
import re

from tests.shape.tree import ROOT, modules, tracked_files

# Registries are chosen by whoever installs; paths of one machine mean nothing on another.
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|proxy\.golang\.org")
MACHINE = re.compile(r"/root/\.|/home/[a-z]+/")


def texts():
    """Path and text of each tracked file that is text."""
    for path in tracked_files():
        try:
            yield path, (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue


def places(pattern):
    """Where the pattern occurs in tracked text."""
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry():
    assert places(REGISTRY) == []


def test_no_file_names_a_machine_specific_path():
    assert places(MACHINE) == []


def test_each_module_has_a_docstring():
    assert [module.path for module in modules("src", "examples", "scripts") if not ast.get_docstring(module.tree)] == []


def test_each_decision_record_is_in_the_index():
    index = (ROOT / "docs/decisions/README.md").read_text()
    records = [path.name for path in (ROOT / "docs/decisions").glob("*.md") if path.name != "README.md"]
    assert [name for name in sorted(records) if f"]({name})" not in index] == []


def test_changelog_fragments_are_well_named():
    fragments = [path.name for path in (ROOT / "changelog.d").glob("*.md") if path.name != "README.md"]
    assert [name for name in fragments if not re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed)\.md", name)] == []
