r"""Changes of a request's address: the transforms of a rule, and redirects.

A transform rewrites the host or the path; the query stays unchanged. Elastic Load Balancing replaces the first match
only and Envoy every match, so the expression is extended to the whole text. ``$1`` in a replacement is the first group.
A redirect has the listener's protocol and port unless the action names others.
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleTransform.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from moyai.domain.elb.rule import Listener, RedirectAction, RegexRewrite, Rule
from moyai.mesh.ir import Redirect, Rewrite, Substitution

_HOST, _PATH, _QUERY = "#{host}", "#{path}", "#{query}"
_SAME_PATH: Final = f"/{_PATH}"
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


def redirect(action: RedirectAction, listener: Listener) -> Redirect:
    """The redirect of a listener's rule."""
    scheme = _fill(action.protocol, listener).lower()
    port = _fill(action.port, listener)
    return Redirect(
        status=action.status,
        scheme=scheme,
        port=int(port),
        host=None if action.host == _HOST else _fill(action.host, listener),
        path=None if action.path == _SAME_PATH else _fill(action.path, listener),
        query=None if action.query == _QUERY else _fill(action.query, listener),
    )


def _fill(text: str, listener: Listener) -> str:
    """The text, with the listener's protocol and port in place of their placeholders."""
    return text.replace("#{protocol}", listener.protocol).replace("#{port}", str(listener.port))
