"""Rules of the rewrites of gateway routes.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/gateway-routes.html
"""

from __future__ import annotations

from moyai.api.appmesh.rules.text import Faults, url_path
from moyai.domain.appmesh.match import HttpGatewayRouteMatch
from moyai.domain.appmesh.virtual_gateway import HttpGatewayRouteRewrite, PrefixRewrite


def rewrites(where: str, rewrite: HttpGatewayRouteRewrite | None, match: HttpGatewayRouteMatch) -> Faults:
    """Faults of the rewrites of an http or http2 gateway route, which may rewrite only what the route matches."""
    if rewrite is None:
        return
    if rewrite.prefix is not None and rewrite.path is not None:
        yield f"{where}: prefix and path can't both be set."
    if rewrite.prefix is not None:
        if match.prefix is None:
            yield f"{where}.prefix: the route matches no prefix."
        yield from _prefix(f"{where}.prefix", rewrite.prefix, match.prefix or "")
    if rewrite.path is not None:
        if match.path is None:
            yield f"{where}.path: the route matches no path."
        if rewrite.path.exact is not None:
            yield from url_path(f"{where}.path.exact", rewrite.path.exact)


def _prefix(where: str, rewrite: PrefixRewrite, matched_prefix: str) -> Faults:
    if rewrite.default_prefix is not None and rewrite.value is not None:
        yield f"{where}: defaultPrefix and value can't both be set."
    if rewrite.value is not None:
        yield from url_path(f"{where}.value", rewrite.value)
        if not rewrite.value.endswith("/"):
            yield f"{where}.value: it ends with /."
        elif not matched_prefix.endswith("/"):
            yield f"{where}.value: the prefix that is matched, {matched_prefix[:100]!r}, has to end with / as well."
