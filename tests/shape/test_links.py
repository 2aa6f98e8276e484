"""Every link in the Markdown files leads somewhere: to a file or folder that is there, and to a heading that it has."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote

from tests.shape.tree import ROOT, tracked_files

FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]+)\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
REFERENCE = re.compile(r"\]\[([^\]\n]+)\]")
DEFINITION = re.compile(r"^\[([^\]]+)\]:", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def prose(path):
    """The file's text without its code."""
    return CODE.sub("", FENCE.sub("", path.read_text()))


def markdown():
    """The Markdown files, from the root."""
    return [ROOT / path for path in tracked_files() if path.endswith(".md")]


def anchors(path):
    """The anchors of a page: each heading as GitHub spells it, counted up where it is there twice."""
    seen: Counter[str] = Counter()
    names = set()
    for heading in HEADING.findall(FENCE.sub("", path.read_text())):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        names.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return names


def complaint(path, link):
    """The fault of a link of this file, or None."""
    target, _, anchor = unquote(link).partition("#")
    is_fragment = path.parent.name == "changelog.d" and path.name != "README.md"
    home = ROOT if is_fragment else path.parent  # fragments become part of CHANGELOG.md
    aim = (home / target).resolve() if target else path
    if not aim.is_relative_to(ROOT) or not aim.exists():
        return f"{path.relative_to(ROOT)}: {link} is not there"
    if anchor and (aim.suffix != ".md" or anchor not in anchors(aim)):
        return f"{path.relative_to(ROOT)}: {link} names no heading"
    return None


def test_each_link_leads_to_an_existing_file_and_heading():
    links = [(path, a or b) for path in markdown() for a, b in LINK.findall(prose(path))]
    inside = [(path, link) for path, link in links if not ELSEWHERE.match(link)]
    assert [fault_text for path, link in inside if (fault_text := complaint(path, link))] == []


def test_each_reference_has_its_definition():
    missing = [
        f"{path.relative_to(ROOT)}: [{name}]"
        for path in markdown()
        for text in [prose(path)]
        for name in set(REFERENCE.findall(text)) - set(DEFINITION.findall(text))
    ]
    assert missing == []


def test_each_guide_and_each_reference_page_is_in_its_index():
    missing = [
        str(page.relative_to(ROOT))
        for folder in (ROOT / "docs/guide", ROOT / "docs/reference")
        for page in sorted(folder.glob("*.md"))
        if page.name != "README.md" and f"]({page.name})" not in (folder / "README.md").read_text()
    ]
    assert missing == []
