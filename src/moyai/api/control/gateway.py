"""``GET /_moyai/gateway``: the ports of this machine at which tasks with a public address answer to callers elsewhere.

A public address is on the loopback of the machine, or of the container, that moyai runs in.
"""

from __future__ import annotations

import msgspec

from moyai.api.control.handlers import JSON, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse


class PublicGatewayHandler:
    """Shows the gateway port of each public port, and the port of services' names."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with ``http_port`` and ``https_port``, which may be null, and ``ports``: task, address, port and
        gateway_port of each.
        """
        if request.method != "GET":
            return message_response(405, "Use GET.")
        ports = [
            {"task": port.task, "address": port.public_address, "port": port.port, "gateway_port": number}
            for port, number in self._dependencies.gateway_ports().items()
        ]
        named = {"http_port": self._dependencies.http_port, "https_port": self._dependencies.https_port}
        report = {**named, "ports": ports}
        return HttpResponse(200, JSON, msgspec.json.encode(report))
