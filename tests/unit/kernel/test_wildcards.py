"""Patterns with wildcards."""

from __future__ import annotations

import pytest

from moyai.kernel.wildcards import has_parts


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("latest", "latest", True),
        ("latest", "latest2", False),
        ("*", "x", True),
        ("v*", "v1", True),
        ("v*", "1v", False),
        ("*-rc", "1-rc", True),
        ("a*a", "a", False),
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("v.*", "vx1", False),
    ],
)
def test_texts_have_the_parts_of_patterns(pattern, text, expected):
    assert has_parts(text, pattern.split("*")) is expected
