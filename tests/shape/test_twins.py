"""A page in Japanese has the commands, the links and as many headings and table rows as the page in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.shape.tree import ROOT, tracked_files

BLOCK = re.compile(r"^```(?:sh|json|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
GUIDES = Path("docs/guide/ja")
INDEX = GUIDES / "README.md"
"""Lists only the guides that are translated."""
TRANSLATIONS = {Path("README.ja.md"): Path("README.md")} | {
    path: GUIDES.parent / path.name
    for path in map(Path, tracked_files())
    if path.parent == GUIDES and path != INDEX and path.suffix == ".md"
}
PAIRS = pytest.mark.parametrize(("japanese", "english"), list(TRANSLATIONS.items()), ids=str)


def commands(page: Path) -> list[str]:
    """Each line of the page's code blocks, without comments."""
    blocks = BLOCK.findall((ROOT / page).read_text())
    lines = (line.partition(" #")[0].rstrip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def links(page: Path) -> set[str]:
    """Where the page links to, by the English page and without the heading; links to its translation are left out."""
    targets = set()
    for inline, reference in LINK.findall((ROOT / page).read_text()):
        link = inline or reference
        if link.startswith("#"):
            continue
        if ":" not in link:
            path = (ROOT / page.parent / link.partition("#")[0]).resolve().relative_to(ROOT)
            link = str(GUIDES.parent / path.name if path.parent == GUIDES else TRANSLATIONS.get(path, path))
        targets.add(link)
    return targets - {str(TRANSLATIONS.get(page, page))}


@PAIRS
def test_a_translation_has_the_same_commands(japanese, english):
    assert commands(japanese) == commands(english)


@PAIRS
def test_a_translation_has_the_same_links(japanese, english):
    assert links(japanese) == links(english)


@PAIRS
def test_a_translation_has_the_same_headings_and_rows(japanese, english):
    marks = [re.findall(r"^(#+ |\||- |\d\. )", (ROOT / page).read_text(), re.MULTILINE) for page in (japanese, english)]
    assert marks[0] == marks[1]


@PAIRS
def test_a_page_and_its_translation_link_to_each_other(japanese, english):
    for page, other in ((japanese, english), (english, japanese)):
        targets = {inline for inline, _ in LINK.findall((ROOT / page).read_text()) if ":" not in inline}
        assert ROOT / other in {(ROOT / page.parent / target).resolve() for target in targets}


def test_the_japanese_index_lists_each_translated_guide():
    index = (ROOT / INDEX).read_text()
    assert [path.name for path in TRANSLATIONS if path.parent == GUIDES and f"]({path.name})" not in index] == []
