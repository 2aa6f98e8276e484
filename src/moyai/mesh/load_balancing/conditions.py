r"""Translates the conditions of a rule into a match of requests.

In values ``*`` stands for any text and ``?`` for one character; in those of a query a backslash before a character
makes it stand for itself. A regular expression matches when it is found anywhere in the text. Hosts are compared
without their port. When a request has a header several times, its values are joined by commas and compared as one.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from moyai.domain.elb.rule import (
    Condition,
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    SourceCondition,
)
from moyai.mesh.ir import HeaderMatcher, PathMatcher, PathTest, RequestMatch, TextMatcher, TextTest

_ANY, _ONE = ".*", "."
_ANY_IN_QUERY, _ONE_IN_QUERY = "[^&]*", "[^&]"
_IGNORE_CASE = "(?i)"
_PLAIN_PATH = re.compile(r"/[^*?]*\*?")
"""A path whose only wildcard, if any, is an asterisk at its end."""
_PORT = r"(?::\d+)?"
_UP_TO_PORT = "[^:]*"
_ESCAPED = re.compile(r"\\(.)|(.)", re.DOTALL)
_END = re.compile(r"\\Q.*?(?:\\E|\Z)|\[\^?\]?(?:\\.|\[:.*?:\]|[^]\\])*\]|(\\z|\$)|\\.", re.DOTALL)
"""A token of an RE2 expression. Group 1 is an end-of-text anchor; quoted texts, classes and escapes have no group 1."""


def request_match(conditions: Iterable[Condition]) -> RequestMatch:
    """The match of requests for which all conditions hold."""
    match = RequestMatch()
    for condition in conditions:
        match = _with_condition(match, condition)
    return match


def _with_condition(match: RequestMatch, condition: Condition) -> RequestMatch:
    match condition:
        case HostCondition(values, patterns):
            hosts = (*map(_wildcards, values), *map(_host_pattern, patterns))
            return _with_header(match, ":authority", f"{_IGNORE_CASE}{_any_of(hosts)}{_PORT}")
        case PathCondition(values, patterns):
            return replace(match, path=_path(values, patterns))
        case HeaderCondition(name, values, patterns):
            texts = _any_of((*map(_wildcards, values), *map(_search, patterns)))
            return _with_header(match, name.lower(), f"{_IGNORE_CASE}{texts}")
        case MethodCondition(values):
            return replace(match, methods=values)
        case QueryCondition(values):
            parameters = _any_of(map(_parameter, values))
            return _with_header(match, ":path", rf"{_IGNORE_CASE}[^?]*\?(?:.*&)?{parameters}(?:&.*)?")
        case SourceCondition(values):
            return replace(match, sources=values)


def _path(values: Sequence[str], patterns: Sequence[str]) -> PathMatcher:
    """The matcher of a path: an exact one or a prefix if possible, which costs less than a regular expression."""
    if len(values) == 1 and not patterns and _PLAIN_PATH.fullmatch(values[0]):
        prefix = values[0].removesuffix("*")
        return PathMatcher(PathTest.EXACT if prefix == values[0] else PathTest.PREFIX, prefix)
    return PathMatcher(PathTest.REGEX, _any_of((*map(_wildcards, values), *map(_search, patterns))))


def _with_header(match: RequestMatch, name: str, pattern: str) -> RequestMatch:
    header = HeaderMatcher(name, TextMatcher(TextTest.REGEX, pattern))
    return replace(match, headers=(*match.headers, header))


def _any_of(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _wildcards(value: str) -> str:
    return "".join({"*": _ANY, "?": _ONE}.get(character) or re.escape(character) for character in value)


def _search(pattern: str) -> str:
    return f".*(?:{pattern}).*"


def _host_pattern(pattern: str) -> str:
    """A regular expression for a host. Its end-of-text anchors mean the end of the host, before the port."""
    before_port = _END.sub(lambda match: f"(?:{_PORT}{match[1]})" if match[1] else match[0], pattern)
    return f"{_UP_TO_PORT}(?:{before_port}).*"


def _parameter(parameter: QueryValue) -> str:
    key = _ANY_IN_QUERY.replace("&", "&=") if parameter.key is None else _query_wildcards(parameter.key)
    value = _query_wildcards(parameter.value)
    return f"(?:{key}=)?{value}" if parameter.key is None else f"{key}={value}"


def _query_wildcards(value: str) -> str:
    wildcards = {"*": _ANY_IN_QUERY, "?": _ONE_IN_QUERY}
    return "".join(
        re.escape(escaped) if escaped else wildcards.get(plain) or re.escape(plain)
        for escaped, plain in _ESCAPED.findall(value)
    )
