"""Beside other meshes, moyai says yes only where a test shows it."""

from __future__ import annotations

import ast
import re

from tests.shape.tree import ROOT

PAGE = ROOT / "docs/guide/comparison.md"
SHOWN = re.compile(r'\]\(([^\s)]+) "([^"]+)"\)')
OURS = 2
"""The column, between the bars."""


def cells():
    """The cells of moyai's column that are not empty."""
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("|")]
    return [row[OURS].strip() for row in rows[2:] if row[OURS].strip()]


def test_each_link_names_an_existing_test():
    missing = []
    for target, name in SHOWN.findall(PAGE.read_text()):
        file = PAGE.parent / target
        tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        if name not in functions:
            missing.append(f"{target}: {name}")
    assert missing == []


def test_every_yes_links_to_a_test():
    unshown = [cell for cell in cells() if not SHOWN.search(cell) and cell.partition(",")[0] not in {"no", "Envoy"}]
    assert unshown == []


def test_each_row_covers_every_product():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {rows[0].count("|")}
