"""The control plane's services, as its proxies call them: over gRPC and HTTP, with the proxy's id in a header."""

from __future__ import annotations

from typing import Final

from envoy.config.core.v3 import base_pb2, config_source_pb2, grpc_service_pb2, http_service_pb2, http_uri_pb2

from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.xds.translate.names import STATISTICS_CLUSTER, XDS_CLUSTER
from moyai.xds.translate.proto import duration

_RECONNECT_AFTER: Final = 0.1
_RECONNECT_AT_MOST: Final = 2
"""Seconds: the shortest and the longest pause before a broken stream is opened again."""


def ads_stream(proxy: ProxyId) -> config_source_pb2.ApiConfigSource:
    """The proxy's ADS stream, which reconnects with a short back-off."""
    service = grpc_service(proxy)
    back_off = service.envoy_grpc.retry_policy.retry_back_off
    back_off.base_interval.CopyFrom(duration(_RECONNECT_AFTER))
    back_off.max_interval.CopyFrom(duration(_RECONNECT_AT_MOST))
    return config_source_pb2.ApiConfigSource(
        api_type=config_source_pb2.ApiConfigSource.DELTA_GRPC,
        transport_api_version=config_source_pb2.ApiVersion.V3,
        set_node_on_first_message_only=True,
        grpc_services=[service],
    )


def grpc_service(proxy: ProxyId) -> grpc_service_pb2.GrpcService:
    """The control plane's gRPC service."""
    return grpc_service_pb2.GrpcService(
        envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER),
        initial_metadata=[_proxy_header(proxy)],
    )


def http_service(proxy: ProxyId, path: str, timeout: float) -> http_service_pb2.HttpService:
    """The control plane's HTTP service that takes exports at a path. ``timeout``: seconds."""
    uri = http_uri_pb2.HttpUri(uri=f"http://moyai{path}", cluster=STATISTICS_CLUSTER, timeout=duration(timeout))
    header = base_pb2.HeaderValueOption(header=_proxy_header(proxy))
    return http_service_pb2.HttpService(http_uri=uri, request_headers_to_add=[header])


def _proxy_header(proxy: ProxyId) -> base_pb2.HeaderValue:
    return base_pb2.HeaderValue(key=PROXY_HEADER, value=proxy)
