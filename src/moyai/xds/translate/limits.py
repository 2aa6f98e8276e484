"""How much a cluster takes on, as circuit breakers of the default priority.

Where nothing is asked there is no ceiling: AWS publishes none for Service Connect, App Mesh's proxies had none for what
they call, and Envoy's own (1024, and 3 retries) would refuse traffic that AWS carries.
"""

from __future__ import annotations

from envoy.config.cluster.v3 import circuit_breaker_pb2

from moyai.mesh.ir import ConnectionLimits

_NO_LIMIT = 2**32 - 1


def circuit_breakers(limits: ConnectionLimits | None) -> circuit_breaker_pb2.CircuitBreakers:
    """The limits that are asked for, and none else."""
    asked = limits or ConnectionLimits()
    thresholds = circuit_breaker_pb2.CircuitBreakers.Thresholds()
    thresholds.max_connections.value = _or_none(asked.connections)
    thresholds.max_pending_requests.value = _or_none(asked.pending)
    thresholds.max_requests.value = _or_none(asked.requests)
    thresholds.max_retries.value = _NO_LIMIT
    return circuit_breaker_pb2.CircuitBreakers(thresholds=[thresholds])


def _or_none(limit: int | None) -> int:
    return _NO_LIMIT if limit is None else limit
