"""Pictures of the console: each README shows it above the fold, by day and by night, and none is heavy or forgotten."""

from __future__ import annotations

import re
import struct
from pathlib import PurePath

import pytest

from tests.shape.tree import ROOT, tracked_files

LARGEST, SMALLEST = 300_000, 500
"""Bytes, and pixels of a picture's width and height."""
LOWEST_MAP = 300
"""Pixels of the height of a map by itself, which is flat."""
SHOWN = re.compile(r"""(?:src|srcset)="([^"]+\.png)"|!\[[^\]]*\]\(([^()\s]+\.png)\)""")
HEAD = struct.Struct(">8s4x4sII")
PICTURES = [path for path in tracked_files() if path.startswith("docs/") and path.endswith(".png")]


def pictures_of(text: str) -> list[str]:
    """The pictures that a page shows, as it writes them."""
    return [one or other for one, other in SHOWN.findall(text)]


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_readme_shows_the_console_above_the_fold(page):
    first = (ROOT / page).read_text().partition("\n## ")[0].partition("```")[0]
    assert pictures_of(first) == ["docs/pictures/traffic-dark.png", "docs/pictures/traffic-light.png"]


def test_pages_show_exactly_the_pictures_that_exist():
    pages = [path for path in tracked_files() if path.endswith(".md")]
    aims = {
        (ROOT / page).parent.joinpath(picture).resolve().relative_to(ROOT).as_posix()
        for page in pages
        for picture in pictures_of((ROOT / page).read_text())
    }
    assert aims == set(PICTURES)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: PurePath(path).stem)
def test_a_picture_is_a_png_of_reasonable_size(path):
    body = (ROOT / path).read_bytes()
    magic, kind, width, height = HEAD.unpack_from(body)
    assert (magic, kind) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    assert len(body) < LARGEST
    assert width > SMALLEST
    assert height > (LOWEST_MAP if PurePath(path).match("map-*.png") else SMALLEST)
