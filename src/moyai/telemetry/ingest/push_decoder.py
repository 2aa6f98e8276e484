"""Decodes the pushes of many proxies. Most pushes have the same layout as the proxy's last push."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from moyai.telemetry.ingest.otlp_offsets import FieldOffsets, ValueOffsets, metric_offsets
from moyai.telemetry.ingest.push_schema import PushSchema, SchemaKey
from moyai.telemetry.reporters.envoy_stats import ProxyReport, StatEndpoint, StatMapping, StatNaming
from moyai.telemetry.values import Ints

MAX_ENDPOINTS: Final = 2000
"""The most endpoints of one proxy. The statistics of further endpoints are ignored."""
_MAX_LAYOUTS: Final = 4
"""The most layouts that are remembered of one proxy. A large push is sent in parts, and each has its own layout."""
_HEADER_VALUES: Final = 2
"""The number of values before those of the schema: the time of the push, and the proxy's start."""


class DecodedPush(NamedTuple):
    """One push. ``taken_at``: nanoseconds of the proxy's own clock, the same in all parts of one flush.
    ``proxy_start``: in the proxy's unit; 0 when the push does not have it. ``values``: in the schema's order.
    """

    schema: PushSchema
    taken_at: int
    proxy_start: int
    values: Ints

    @property
    def report(self) -> ProxyReport:
        """The push's values by endpoint."""
        return ProxyReport(self.taken_at, dict(self.schema.endpoint_stats(self.values)), self.proxy_start)


class _Layout(NamedTuple):
    offsets: ValueOffsets
    schema: PushSchema


class PushDecoders:
    """Creates the decoders of proxies. Proxies with the same endpoints share one ``PushSchema``."""

    def __init__(self) -> None:
        self._schemas: WeakValueDictionary[SchemaKey, PushSchema] = WeakValueDictionary()

    def decoder(self, naming: StatNaming) -> Callable[[bytes], DecodedPush]:
        """Create a function that decodes the pushes of one proxy. The function raises NotOtlp."""
        by_size: dict[int, _Layout] = {}

        def decode(body: bytes) -> DecodedPush:
            layout = by_size.get(len(body))
            values = None if layout is None else layout.offsets.read(body)
            if layout is None or values is None:
                layout, values = self._learn_layout(body, naming)
                if len(by_size) >= _MAX_LAYOUTS:
                    by_size.clear()
                by_size[len(body)] = layout
            taken_at, proxy_start = (max(int(value), 0) for value in values[:_HEADER_VALUES])
            return DecodedPush(layout.schema, taken_at, proxy_start, values[_HEADER_VALUES:])

        return decode

    def _learn_layout(self, body: bytes, naming: StatNaming) -> tuple[_Layout, Ints]:
        metrics = list(metric_offsets(body))
        by_endpoint: dict[StatEndpoint, dict[str, FieldOffsets]] = {}
        for metric in metrics:
            for parsed in (naming.parse(metric.name), naming.parse_other(metric.name)):
                if parsed is not None and (parsed[0] in by_endpoint or len(by_endpoint) < MAX_ENDPOINTS):
                    endpoint, statistic = parsed
                    by_endpoint.setdefault(endpoint, {})[statistic] = metric
        key = _schema_key(by_endpoint, naming)
        schema = self._schemas.get(key) or self._schemas.setdefault(key, PushSchema(key))
        taken_at = next((metric.time for metric in metrics if metric.time is not None), None)
        proxy_start = next((metric.start_time for metric in metrics if metric.start_time is not None), None)
        block_offsets = (offset for block in schema.blocks for offset in block.offsets(by_endpoint))
        offsets = ValueOffsets(body, (taken_at, proxy_start, *block_offsets), metrics)
        values = offsets.read(body)
        assert values is not None  # noqa: S101  these are the offsets of this very push
        return _Layout(offsets, schema), values


def _schema_key(by_endpoint: Mapping[StatEndpoint, Mapping[str, FieldOffsets]], naming: StatNaming) -> SchemaKey:
    """The endpoints, grouped by mapping and bounds. The key does not depend on the order in the push."""
    blocks: dict[tuple[StatMapping, tuple[float, ...]], list[StatEndpoint]] = {}
    for endpoint in sorted(by_endpoint):
        statistics = by_endpoint[endpoint]
        mapping = naming.mapping(endpoint, statistics)
        if mapping is not None:
            histogram = None if mapping.histogram is None else statistics.get(mapping.histogram)
            bounds = () if histogram is None or histogram.counts is None else histogram.bounds
            blocks.setdefault((mapping, bounds), []).append(endpoint)
    return tuple((mapping, bounds, tuple(endpoints)) for (mapping, bounds), endpoints in blocks.items())
