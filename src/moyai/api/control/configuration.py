"""``GET /_moyai/configuration?of=…``: what proxies are given, as Envoy's own ``/config_dump`` has it.

``of`` is a task's ARN, or a virtual node or gateway of App Mesh in any of the forms that a proxy may name it in.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from moyai.api.control.handlers import JSON, Plane, said
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.appmesh.names import read_proxy_name
from moyai.domain.queries.app_mesh import resource_named_by
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.kernel.scope import DEFAULT_SCOPE


class Configuration:
    """Shows it."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 and JSON; 404 and why."""
        if request.method != "GET":
            return said(405, "Use GET.")
        of = parse_qs(request.query).get("of", [""])[-1]
        workload = self._workload(of)
        found = None if workload is None else self._plane.feed.configuration(workload)
        if found is None:
            return said(404, f"No proxy is led as {of[:300]!r}: name a task's ARN, or mesh/MESH/virtualNode/NODE.")
        return HttpResponse(200, JSON, msgspec.json.encode(found))

    def _workload(self, of: str) -> WorkloadId | None:
        named = read_proxy_name(of)
        if named is None:
            return self._plane.feed.leads(ProxyId(of))
        node = resource_named_by(self._plane.store.world, named, DEFAULT_SCOPE)
        return None if node is None else WorkloadId(node.arn)
