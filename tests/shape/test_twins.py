"""README.ja.md says what README.md says: the same commands, the same links, as many headings and rows."""

from __future__ import annotations

import re

from tests.shape.tree import ROOT

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
TWINS = {"README.md", "README.ja.md"}


def readme(name):
    """The file's text."""
    return (ROOT / name).read_text()


def commands(text):
    """Each line of its shell blocks, without comments."""
    lines = (line.partition(" #")[0].rstrip() for block in BLOCK.findall(text) for line in block.splitlines())
    return [line for line in lines if line]


def test_both_readmes_have_the_same_commands():
    assert commands(readme("README.ja.md")) == commands(readme("README.md"))


def test_both_readmes_have_the_same_links():
    there, here = (set(LINK.findall(readme(name))) - TWINS for name in ("README.ja.md", "README.md"))
    assert there == here


def test_both_readmes_have_the_same_parts():
    parts = [re.findall(r"^(#+ |\|)", readme(name), re.MULTILINE) for name in ("README.ja.md", "README.md")]
    assert parts[0] == parts[1]
