"""Every table in the Markdown files is well-formed: a head, a line below it, and rows with as many cells as it has."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from tests.shape.test_links import FENCE, markdown
from tests.shape.tree import ROOT

BAR = re.compile(r"(?<!\\)\|")  # GitHub takes one without a backslash for the end of a cell, inside of code as well
LINE = re.compile(r"\|(\s*:?-+:?\s*\|)+")


def tables(text):
    """Lines that begin with a bar and follow each other."""
    lines = FENCE.sub("", text).splitlines()
    return [list(rows) for is_row, rows in groupby(lines, lambda line: line.startswith("|")) if is_row]


def complaint(rows):
    """The fault of a table, or None."""
    if len(rows) < 2 or LINE.fullmatch(rows[1].strip()) is None:
        return f"no head and line above {rows[0]!r}"
    uneven = [row for row in rows if len(BAR.findall(row)) != len(BAR.findall(rows[0]))]
    return f"{uneven[0]!r} has not as many cells as the head" if uneven else None


def test_tables_are_well_formed():
    results = [(path, complaint(rows)) for path in markdown() for rows in tables(path.read_text())]
    assert [f"{path.relative_to(ROOT)}: {said}" for path, said in results if said] == []


@pytest.mark.parametrize(
    "text",
    ["|a|b|\n|-|-|\n\n|1|2|", "|a|b|\n|-|-|\n|`x|y`|2|", "|a|b|\n|1|2|"],
    ids=["a row behind an empty line", "a bar in code", "no line"],
)
def test_malformed_tables_are_detected(text):
    assert any(complaint(rows) for rows in tables(text))
