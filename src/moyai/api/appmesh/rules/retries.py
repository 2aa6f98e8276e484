"""Retry policies.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRetryPolicy.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.appmesh.rules.duration import duration
from moyai.api.appmesh.rules.text import Faults
from moyai.domain.appmesh.retry import GrpcRetryPolicy, HttpRetryPolicy

_MOST: Final = 2**32 - 1


def retries(where: str, policy: HttpRetryPolicy | GrpcRetryPolicy | None) -> Faults:
    """Faults of a route's retry policy."""
    if policy is None:
        return
    if policy.max_retries > _MOST:
        yield f"{where}.maxRetries: it is at most {_MOST}."
    yield from duration(f"{where}.perRetryTimeout", policy.per_retry_timeout)
    grpc = policy.grpc_retry_events if isinstance(policy, GrpcRetryPolicy) else None
    if not (policy.http_retry_events or policy.tcp_retry_events or grpc):
        yield f"{where}: there must be an event to retry upon."
