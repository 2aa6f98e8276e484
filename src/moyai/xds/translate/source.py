"""Where a proxy gets its resources from."""

from __future__ import annotations

from envoy.config.core.v3 import config_source_pb2


def ads() -> config_source_pb2.ConfigSource:
    """From the stream that everything comes from."""
    return config_source_pb2.ConfigSource(
        ads=config_source_pb2.AggregatedConfigSource(), resource_api_version=config_source_pb2.ApiVersion.V3
    )
