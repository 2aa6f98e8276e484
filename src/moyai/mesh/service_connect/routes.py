"""The routes of a called service, tuned by its tags."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.names import TrafficHeader
from moyai.domain.connect.tuning import Tuning
from moyai.mesh.ir import (
    HashKey,
    HeaderMatch,
    Match,
    PathMatch,
    PathTest,
    Protocol,
    RouteTable,
    Rule,
    Service,
    StreamSplit,
    Target,
    TextMatch,
    TextTest,
    TimeoutPolicy,
)
from moyai.mesh.service_connect.policies import (
    IDEMPOTENT_METHODS,
    RETRIES,
    RETRY_GRPC,
    RETRY_IDEMPOTENT,
    retry_unprocessed,
    service_protocol,
    timeouts_of,
    tuned_retry,
)
from moyai.mesh.service_connect.traffic_split import CalledService, PoolTarget, traffic_split

_ANY = Match()


def mesh_service(called: CalledService) -> Service:
    """The routes to the service, which are the same for all callers: those of test traffic first."""
    protocol, tuning = service_protocol(called.service), called.tuning
    split = traffic_split(called.owner, called.service, called.name)
    targets = tuple(Target(t.destination, t.weight if len(split.production) > 1 else 1) for t in split.production)
    timeouts = timeouts_of(protocol, split.main.offer)
    routing: RouteTable | StreamSplit
    if protocol is Protocol.TCP:
        retries = RETRIES if tuning.retries is None else tuning.retries
        routing = StreamSplit(targets, timeouts, connect_attempts=1 + retries)
    else:
        test = () if split.test is None else _test_rules(protocol, split.test, tuning)
        routing = RouteTable((*test, *_rules(protocol, targets, timeouts, tuning)))
    return Service(called.name, protocol, routing, stat_name=f"egress.{called.service.name}")


def _test_rules(protocol: Protocol, target: PoolTarget, tuning: Tuning) -> tuple[Rule, ...]:
    header = TrafficHeader() if target.offer is None else target.offer.test_header
    value = None if header.exact is None else TextMatch(TextTest.EXACT, header.exact)
    match = Match(headers=(HeaderMatch(header.name, value),))
    return _rules(protocol, (Target(target.destination),), timeouts_of(protocol, target.offer), tuning, match)


def _rules(
    protocol: Protocol, targets: tuple[Target, ...], timeouts: TimeoutPolicy, tuning: Tuning, match: Match = _ANY
) -> tuple[Rule, ...]:
    """The rules for requests that ``match`` (which has neither methods nor a path); streaming paths first."""
    balancing = tuning.load_balancing
    hash_on = None if balancing is None else balancing.hash_on
    key = None if hash_on is None else HashKey(hash_on.name, hash_on.kind == "cookie")
    rule = Rule(targets, timeouts, match, hash_on=key)
    without_timeout = replace(rule, timeouts=replace(timeouts, request=0))
    without_try_timeout = replace(tuning, per_try_timeout=None)
    streaming = (_at_path(without_timeout, path) for path in tuning.streaming)
    return (
        *(each for at in streaming for each in _by_method(protocol, at, without_try_timeout)),
        *_by_method(protocol, rule, tuning),
    )


def _at_path(rule: Rule, path: str) -> Rule:
    return replace(rule, match=replace(rule.match, path=PathMatch(PathTest.BELOW, path)))


def _by_method(protocol: Protocol, rule: Rule, tuning: Tuning) -> tuple[Rule, ...]:
    """A rule for idempotent methods and one for the others; gRPC does not distinguish them."""
    if protocol is Protocol.GRPC:
        return (replace(rule, retry=tuned_retry(RETRY_GRPC, tuning)),)
    retry = tuned_retry(RETRY_IDEMPOTENT, tuning)
    if tuning.retry_any_method or retry is None:
        return (replace(rule, retry=retry),)
    idempotent = replace(rule, match=replace(rule.match, methods=IDEMPOTENT_METHODS), retry=retry)
    return idempotent, replace(rule, retry=retry_unprocessed(retry))
