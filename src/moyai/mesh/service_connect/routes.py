"""The routes of a called service, tuned by its tags."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.names import TrafficHeader
from moyai.domain.connect.tuning import Tuning
from moyai.mesh.ir import (
    HashKey,
    HeaderMatcher,
    MeshService,
    PathMatcher,
    PathTest,
    Protocol,
    RequestMatch,
    RouteRule,
    RouteRules,
    StdoutLog,
    StreamSplit,
    TextMatcher,
    TextTest,
    TimeoutPolicy,
    WeightedDestination,
)
from moyai.mesh.service_connect.policies import (
    IDEMPOTENT_METHODS,
    RETRIES,
    RETRY_GRPC,
    RETRY_IDEMPOTENT,
    cut_request_status,
    retry_unprocessed,
    service_protocol,
    timeouts_of,
    tuned_retry,
)
from moyai.mesh.service_connect.traffic_split import CalledService, PoolTarget, traffic_split

_ANY = RequestMatch()


def mesh_service(callee: CalledService, target_logs: tuple[StdoutLog, ...] = ()) -> MeshService:
    """The routes to the service, which are the same for all callers: those of test traffic first."""
    protocol, tuning = service_protocol(callee.service), callee.tuning
    split = traffic_split(callee.owner, callee.service, callee.name)
    targets = tuple(
        WeightedDestination(t.destination, t.weight if len(split.production) > 1 else 1) for t in split.production
    )
    timeouts = timeouts_of(protocol, split.main.offer)
    routing: RouteRules | StreamSplit
    if protocol is Protocol.TCP:
        retries = RETRIES if tuning.retries is None else tuning.retries
        routing = StreamSplit(targets, timeouts, connect_attempts=1 + retries)
    else:
        test = () if split.test is None else _test_rules(protocol, split.test, tuning)
        routing = RouteRules((*test, *_rules(protocol, targets, timeouts, tuning)))
    return MeshService(
        callee.name,
        protocol,
        routing,
        stat_name=f"egress.{callee.service.name}",
        cut_request_status=cut_request_status(protocol),
        target_logs=target_logs,
    )


def _test_rules(protocol: Protocol, target: PoolTarget, tuning: Tuning) -> tuple[RouteRule, ...]:
    header = TrafficHeader() if target.offer is None else target.offer.test_header
    value = None if header.exact is None else TextMatcher(TextTest.EXACT, header.exact)
    match = RequestMatch(headers=(HeaderMatcher(header.name, value),))
    return _rules(
        protocol, (WeightedDestination(target.destination),), timeouts_of(protocol, target.offer), tuning, match
    )


def _rules(
    protocol: Protocol,
    targets: tuple[WeightedDestination, ...],
    timeouts: TimeoutPolicy,
    tuning: Tuning,
    match: RequestMatch = _ANY,
) -> tuple[RouteRule, ...]:
    """The rules for requests that ``match`` (which has neither methods nor a path); streaming paths first."""
    balancing = tuning.load_balancing
    hash_on = None if balancing is None else balancing.hash_on
    key = None if hash_on is None else HashKey(hash_on.name, hash_on.kind == "cookie")
    rule = RouteRule(targets, timeouts, match, hash_on=key)
    without_timeout = replace(rule, timeouts=replace(timeouts, request=0))
    without_try_timeout = replace(tuning, per_try_timeout=None)
    streaming = (_at_path(without_timeout, path) for path in tuning.streaming)
    return (
        *(each for at in streaming for each in _by_method(protocol, at, without_try_timeout)),
        *_by_method(protocol, rule, tuning),
    )


def _at_path(rule: RouteRule, path: str) -> RouteRule:
    return replace(rule, match=replace(rule.match, path=PathMatcher(PathTest.BELOW, path)))


def _by_method(protocol: Protocol, rule: RouteRule, tuning: Tuning) -> tuple[RouteRule, ...]:
    """A rule for idempotent methods and one for the others; gRPC does not distinguish them."""
    if protocol is Protocol.GRPC:
        return (replace(rule, retry=tuned_retry(RETRY_GRPC, tuning)),)
    retry = tuned_retry(RETRY_IDEMPOTENT, tuning)
    if tuning.retry_any_method or retry is None:
        return (replace(rule, retry=retry),)
    idempotent = replace(rule, match=replace(rule.match, methods=IDEMPOTENT_METHODS), retry=retry)
    return idempotent, replace(rule, retry=retry_unprocessed(retry))
