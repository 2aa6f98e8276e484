r"""The transforms of a rule: rewrites of the host and of the path. The query stays as it is.

Only the first match is replaced, whereas Envoy replaces every match; so the expression is extended to the whole text.
``$1`` in a replacement is the first group.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleTransform.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from moyai.domain.elb.rule import RegexRewrite, Rule
from moyai.mesh.ir import Rewrite, Substitution

_GROUP: Final = re.compile(r"\$(\d)|\$\{(\d)\}", re.ASCII)


def rewrite_of(rule: Rule, removed_headers: Iterable[str]) -> Rewrite:
    """The changes of a rule to its requests."""
    return Rewrite(
        host_substitution=None if rule.host_rewrite is None else _substitution(rule.host_rewrite),
        path_substitution=None if rule.url_rewrite is None else _substitution(rule.url_rewrite),
        without=tuple(removed_headers),
    )


def _substitution(rewrite: RegexRewrite) -> Substitution:
    replacement = _GROUP.sub(
        lambda match: f"\\{int(match[1] or match[2]) + 1}", rewrite.replacement.replace("\\", "\\\\")
    )
    return Substitution(f"(.*?)(?:{rewrite.pattern})(.*)", f"\\1{replacement}\\{rewrite.groups + 2}")
