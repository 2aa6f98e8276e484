"""Retry policies. Envoy has a word for each condition; status codes need one more."""

from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from moyai.mesh.ir import RetryPolicy
from moyai.xds.translate.proto import packed, seconds

_BY_STATUS = "retriable-status-codes"


def retry_policy(policy: RetryPolicy) -> route_components_pb2.RetryPolicy:
    """The policy for one route."""
    words = [condition.value for condition in policy.conditions]
    if policy.status_codes:
        words.append(_BY_STATUS)
    message = route_components_pb2.RetryPolicy(
        retry_on=",".join(words),
        retriable_status_codes=policy.status_codes,
        host_selection_retry_max_attempts=policy.reselections,
        retry_host_predicate=[
            route_components_pb2.RetryPolicy.RetryHostPredicate(
                name="envoy.retry_host_predicates.previous_hosts",
                typed_config=packed(previous_hosts_pb2.PreviousHostsPredicate()),
            )
        ],
    )
    message.num_retries.value = policy.attempts
    if policy.per_try_timeout:
        message.per_try_timeout.CopyFrom(seconds(policy.per_try_timeout))
    return message
