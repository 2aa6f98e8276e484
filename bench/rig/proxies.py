"""Many proxies in one process that have no Envoy in them: each opens a stream of its own and takes what it is sent.

Run as a program: ``proxies.py SOCKET COUNT``. The proxies are called p0, p1, …; it ends when its input is closed.
"""

from __future__ import annotations

import asyncio
import sys

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from moyai.kernel.ids import PROXY_HEADER
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.names import endpoints

SERVICE = "web"
_METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
_OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)


async def _proxy(path: str, name: str) -> None:
    async with grpc.aio.insecure_channel(f"unix:{path}", options=_OWN_CONNECTION) as channel:
        call = channel.stream_stream(
            _METHOD,
            request_serializer=DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=DeltaDiscoveryResponse.FromString,
        )(metadata=((PROXY_HEADER, name),))
        for kind in (ResourceType.CLUSTER, ResourceType.ENDPOINT, ResourceType.LISTENER):
            names = [endpoints(SERVICE)] if kind is ResourceType.ENDPOINT else []
            asked = DeltaDiscoveryRequest(node=Node(id=name), type_url=kind, resource_names_subscribe=names)
            await call.write(asked)
        while isinstance(response := await call.read(), DeltaDiscoveryResponse):
            taken = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
            await call.write(taken)


async def _all(path: str, count: int) -> None:
    proxies = [asyncio.create_task(_proxy(path, f"p{number}")) for number in range(count)]
    await asyncio.to_thread(sys.stdin.read)
    for proxy in proxies:
        proxy.cancel()
    await asyncio.gather(*proxies, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_all(sys.argv[1], int(sys.argv[2])))
