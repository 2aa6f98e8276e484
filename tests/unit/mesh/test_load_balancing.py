"""Conditions and transforms of rules as regular expressions: what they match, and what they make of it."""

from __future__ import annotations

import re

import pytest

from moyai.api.re2_expression import group_count
from moyai.domain.elb.rule import (
    FixedResponseAction,
    HostCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    RegexRewrite,
    Rule,
)
from moyai.kernel.ids import ListenerArn, ListenerRuleArn
from moyai.mesh.ir import PathTest, TextMatcher
from moyai.mesh.load_balancing.conditions import request_match
from moyai.mesh.load_balancing.rewrites import rewrite_of

PATH_TESTS = {
    PathTest.EXACT: str.__eq__,
    PathTest.PREFIX: lambda prefix, text: text.startswith(prefix),
    PathTest.REGEX: lambda pattern, text: re.fullmatch(pattern, text) is not None,
}


def matches(condition, text: str) -> bool:
    """Whether the condition's expression matches the whole text, as Envoy does."""
    match = request_match([condition])
    if not match.headers:
        return bool(PATH_TESTS[match.path.test](match.path.text, text))
    value = match.headers[0].value
    assert isinstance(value, TextMatcher)
    return re.fullmatch(value.text, text) is not None


@pytest.mark.parametrize(
    ("value", "host", "expected"),
    [
        ("*.example.com", "a.b.EXAMPLE.com", True),
        ("*.example.com", "a.example.com:8080", True),
        ("*.example.com", "example.com", False),
        ("?.example.com", "ab.example.com", False),
        ("a.example.com", "a-example.com", False),
    ],
)
def test_a_host_is_compared_without_its_port_and_case(value, host, expected):
    assert matches(HostCondition((value,)), host) is expected


def test_an_expression_on_a_host_may_end_before_the_port():
    condition = HostCondition(patterns=("^v[0-9]+\\.example\\.com$",))
    assert matches(condition, "v12.example.com:80")
    assert not matches(condition, "v12.example.com.evil")
    assert not matches(condition, "xv12.example.com")


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("^a$|^b$", "a:80", True),
        ("^a$|^b$", "b", True),
        ("^a$|^b$", "ab:80", False),
        ("(?:a$|b)$", "xa:8080", True),
        ("a[$]b", "a$b:80", True),
        ("a[]$]b", "a]b:80", True),
        (r"a\$", "a:80", False),
        (r"a\\$", "a\\:80", True),
        ("80", "a:8080", False),
        ("8", "a8.example:80", True),
    ],
)
def test_an_expression_on_a_host_sees_no_port(pattern, host, expected):
    condition = HostCondition(patterns=(pattern,))
    assert matches(condition, host) is expected


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ("/api*", "/apix", True),
        ("/api", "/apix", False),
        ("/api", "/api", True),
        ("/api/*", "/api", False),
        ("/a?c", "/abc", True),
        ("/Img", "/img", False),
    ],
)
def test_the_case_of_a_path_counts(value, path, expected):
    assert matches(PathCondition((value,)), path) is expected


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        (QueryValue("1", "v"), "/?v=1", True),
        (QueryValue("1", "v"), "/?a=b&V=1&c", True),
        (QueryValue("1", "v"), "/?xv=1", False),
        (QueryValue("1", "v"), "/v=1", False),
        (QueryValue("*", "v"), "/?v=&w=2", True),
        (QueryValue("a\\*b"), "/?k=a*b", True),
        (QueryValue("a\\*b"), "/?k=axb", False),
        (QueryValue("a*"), "/?k=xa&l=abc", True),
    ],
)
def test_a_parameter_of_a_query_is_found_among_others(value, path, expected):
    assert matches(QueryCondition((value,)), path) is expected


@pytest.mark.parametrize(
    ("pattern", "replacement", "path", "expected"),
    [
        ("/x[^](]/(y)", "$1", "/xa/yz", "yz"),
        ("/v[0-9]+/", "/", "/v1/v2/a", "/v2/a"),
        ("^/(a|b)/(.*)$", "/$2/${1}", "/a/x/y", "/x/y/a"),
        ("[(]x(?:y)(z)", "$1", "/(xyz/q", "/z/q"),
        ("x", "\\1", "/axb", "/a\\1b"),
    ],
)
def test_a_rewrite_changes_the_first_match(pattern, replacement, path, expected):
    rule = Rule(
        ListenerRuleArn("rule"),
        ListenerArn("listener"),
        FixedResponseAction(200),
        url_rewrite=RegexRewrite(pattern, replacement, group_count(pattern)),
    )
    change = rewrite_of(rule, ()).path_substitution
    assert change is not None
    assert re.sub(f"^(?:{change.pattern})$", change.replacement, path) == expected
