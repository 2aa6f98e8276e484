"""The transforms of rules: rewrites of the host and of the path with the query.

Promise: a rule has at most one of each, with one regular expression.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleTransform.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from moyai.api.re2_expression import expression_fault, group_count
from moyai.domain.elb.quotas import REGEX_INSTRUCTIONS
from moyai.domain.elb.rule import RegexRewrite
from moyai.kernel.errors import InvalidInput

_HOST: Final = "host-header-rewrite"
_URL: Final = "url-rewrite"
_LONGEST: Final = 1024
_MAX_GROUPS: Final = 7
"""A replacement of RE2 names ten groups: the whole, these, and two for the text before and after the match."""
_REFERENCE: Final = re.compile(r"\$(\d+)|\$\{(\d+)\}", re.ASCII)


class RewriteRequest(msgspec.Struct, frozen=True):
    regex: str
    replace: str


class RewritesRequest(msgspec.Struct, frozen=True):
    rewrites: tuple[RewriteRequest, ...] = ()


class TransformRequest(msgspec.Struct, frozen=True):
    type: str
    host_header_rewrite_config: RewritesRequest | None = None
    url_rewrite_config: RewritesRequest | None = None


class Rewrites(NamedTuple):
    """The rewrites of a rule."""

    host: RegexRewrite | None = None
    url: RegexRewrite | None = None


def rewrites_of(requests: Sequence[TransformRequest]) -> Rewrites:
    """The rewrites that these transforms make. Raises InvalidInput."""
    rewrites: dict[str, RegexRewrite] = {}
    for request in requests:
        if request.type in rewrites:
            raise InvalidInput(f"A rule can only have one transform of the type '{request.type}'")
        rewrites[request.type] = _rewrite(request)
    return Rewrites(rewrites.get(_HOST), rewrites.get(_URL))


def transform_views(rewrites: Rewrites) -> list[dict[str, object]]:
    """The transforms of a rule as the API has them."""
    views: list[dict[str, object]] = []
    if rewrites.host is not None:
        views.append({"type": _HOST, "host_header_rewrite_config": _view(rewrites.host)})
    if rewrites.url is not None:
        views.append({"type": _URL, "url_rewrite_config": _view(rewrites.url)})
    return views


def _view(rewrite: RegexRewrite) -> dict[str, object]:
    return {"rewrites": [{"regex": rewrite.pattern, "replace": rewrite.replacement}]}


def _rewrite(request: TransformRequest) -> RegexRewrite:
    is_host = request.type == _HOST
    own, other = request.host_header_rewrite_config, request.url_rewrite_config
    config = own if is_host else other
    if (other if is_host else own) is not None or config is None or len(config.rewrites) != 1:
        raise InvalidInput(f"A transform of the type '{request.type}' must have its configuration with one rewrite")
    [rewrite] = config.rewrites
    if not 1 <= len(rewrite.regex) <= _LONGEST or len(rewrite.replace) > _LONGEST:
        raise InvalidInput(
            f"The regular expression and the replacement of a rewrite have at most {_LONGEST} characters"
        )
    fault = expression_fault(rewrite.regex, REGEX_INSTRUCTIONS)
    if fault is not None:
        raise InvalidInput(f"Transform '{request.type}': {fault}")
    if not (rewrite.regex.isprintable() and rewrite.replace.isascii() and rewrite.replace.isprintable()):
        raise InvalidInput(
            f"Transform '{request.type}': only printable characters are allowed, and only ASCII in the replacement"
        )
    return RegexRewrite(rewrite.regex, rewrite.replace, _groups(request.type, rewrite))


def _groups(kind: str, rewrite: RewriteRequest) -> int:
    """The number of groups. Raises InvalidInput unless every group in the replacement is one of the expression."""
    groups = group_count(rewrite.regex)
    if groups > _MAX_GROUPS or "(?<" in rewrite.regex:
        raise InvalidInput(
            f"Transform '{kind}': the regular expression has at most {_MAX_GROUPS} groups, without names"
        )
    for match in _REFERENCE.finditer(rewrite.replace):
        if not 1 <= int(match[1] or match[2]) <= groups:
            raise InvalidInput(f"Transform '{kind}': the regular expression has no group {match[0]}")
    return groups
