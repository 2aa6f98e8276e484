"""The retry policy of a route, and the changes that it makes to a request.

Envoy reads ``%`` in a header's value and in a path as the beginning of a command, and a backslash in a substitution as
the beginning of a group's number. Both are escaped, so that they stand for themselves.
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from moyai.mesh.ir import RetryPolicy, Rewrite
from moyai.xds.translate.host_rewrite import rewrite_host, substitution
from moyai.xds.translate.match import regex
from moyai.xds.translate.proto import duration, to_any

_BY_STATUS = "retriable-status-codes"
"""Envoy's condition for ``retriable_status_codes``; all others are listed by their own names."""
_WHOLE_PATH = "^.*$"


def retry_policy(policy: RetryPolicy) -> route_components_pb2.RetryPolicy:
    """The retry policy of one route. A retry goes to an endpoint that the request has not been sent to."""
    conditions = [condition.value for condition in policy.conditions]
    if policy.status_codes:
        conditions.append(_BY_STATUS)
    message = route_components_pb2.RetryPolicy(
        retry_on=",".join(conditions),
        retriable_status_codes=policy.status_codes,
        host_selection_retry_max_attempts=policy.reselections,
        retry_host_predicate=[
            route_components_pb2.RetryPolicy.RetryHostPredicate(
                name="envoy.retry_host_predicates.previous_hosts",
                typed_config=to_any(previous_hosts_pb2.PreviousHostsPredicate()),
            )
        ],
    )
    message.num_retries.value = policy.attempts
    if policy.per_try_timeout:
        message.per_try_timeout.CopyFrom(duration(policy.per_try_timeout))
    return message


def add_rewrite(route: route_components_pb2.Route, rewrite: Rewrite) -> None:
    """Make a route change the host, path and headers of its requests."""
    action = route.route
    if rewrite.host is not None:
        action.host_rewrite_literal = rewrite.host
    if rewrite.prefix is not None:
        action.prefix_rewrite = rewrite.prefix
    elif rewrite.path is not None:
        action.regex_rewrite.pattern.CopyFrom(regex(_WHOLE_PATH))
        action.regex_rewrite.substitution = rewrite.path.replace("\\", "\\\\")
    elif rewrite.path_substitution is not None:
        action.regex_rewrite.CopyFrom(substitution(rewrite.path_substitution))
    if rewrite.host_substitution is not None:
        rewrite_host(route, rewrite.host_substitution)
    route.request_headers_to_add.extend(_header(name, value) for name, value in rewrite.headers)
    route.request_headers_to_remove.extend(rewrite.without)


def _header(name: str, value: str) -> base_pb2.HeaderValueOption:
    return base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key=name, value=value.replace("%", "%%")),
        append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD,
    )
