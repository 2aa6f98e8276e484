"""``GET /_moyai/configuration?of=…``: the configuration of a proxy, in the form of Envoy's ``/config_dump``.

``of`` is a task's ARN, or a virtual node or gateway of App Mesh in any form that a proxy may use.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from moyai.api.control.handlers import JSON, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.appmesh.names import read_proxy_name
from moyai.domain.queries.app_mesh import resource_named_by
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.kernel.scope import DEFAULT_SCOPE


class ProxyConfigurationHandler:
    """Shows the configuration of a task's proxy, or of the proxies of a virtual node or gateway."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with JSON; 404 with the reason."""
        if request.method != "GET":
            return message_response(405, "Use GET.")
        identifier = parse_qs(request.query).get("of", [""])[-1]
        workload = self._workload(identifier)
        configuration = None if workload is None else self._dependencies.feed.configuration(workload)
        if configuration is None:
            return message_response(
                404, f"There is no proxy of {identifier[:300]!r}. Name a task's ARN, or mesh/MESH/virtualNode/NODE."
            )
        return HttpResponse(200, JSON, msgspec.json.encode(configuration))

    def _workload(self, identifier: str) -> WorkloadId | None:
        name = read_proxy_name(identifier)
        if name is None:
            return self._dependencies.feed.workload_of(ProxyId(identifier)) or WorkloadId(identifier)
        node = resource_named_by(self._dependencies.store.world, name, DEFAULT_SCOPE)
        return None if node is None else WorkloadId(node.arn)
