"""A secret server as SPIRE's agent is one: what it knows, by name, over a Unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import grpc
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse

_METHOD = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets"


class _Secrets(grpc.GenericRpcHandler):
    def __init__(self, known: Mapping[str, Secret]) -> None:
        self._known = known

    def service(self, handler_call_details):
        if handler_call_details.method != _METHOD:
            return None
        return grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=DiscoveryRequest.FromString,
            response_serializer=DiscoveryResponse.SerializeToString,
        )

    async def _stream(self, requests: AsyncIterator[DiscoveryRequest], context) -> AsyncIterator[DiscoveryResponse]:
        async for request in requests:
            results = [self._known[name] for name in request.resource_names if name in self._known]
            if results and not request.response_nonce:
                answer = DiscoveryResponse(version_info="1", nonce="1", type_url=request.type_url)
                for secret in results:
                    answer.resources.add().Pack(secret)
                yield answer


async def serve_secrets(path: Path, *secrets: Secret) -> grpc.aio.Server:
    """Serve these on a socket, until the server is stopped."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([_Secrets({secret.name: secret for secret in secrets})])
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    return server
