"""The header WWW-Authenticate as registries write it, and malformed ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.images.registry.challenges import Challenge, parse_challenges

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a \\"quoted\\" one"', [("basic", {"realm": 'a "quoted" one'})]),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (
            HUB,
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            'Basic realm="a, b", Bearer realm = "c" , x=y',
            [("basic", {"realm": "a, b"}), ("bearer", {"realm": "c", "x": "y"})],
        ),
        ('Bearer realm="unfinished', [("bearer", {})]),
        ("Bearer realm=a,realm=b", [("bearer", {"realm": "a"})]),
    ],
)
def test_challenges_are_read(header, challenges):
    assert list(parse_challenges([header])) == [Challenge(*challenge) for challenge in challenges]


@given(st.lists(st.text(alphabet=' ,="\\aB1\t') | st.text(), max_size=3))
def test_no_header_is_too_odd(headers):
    parse_challenges(headers)
