"""The rules by which callers' proxies send requests to a service, tuned by its tags."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.tuning import Tuning
from moyai.mesh.ir import HashKey, Match, PathMatch, PathTest, Protocol, Rule, Target, TimeoutPolicy
from moyai.mesh.service_connect.policies import REPEATABLE, RETRY_GRPC, RETRY_REPEATABLE, tuned_retry, unsent

_ANY = Match()


def rules_of(
    protocol: Protocol, targets: tuple[Target, ...], timeouts: TimeoutPolicy, tuning: Tuning, match: Match = _ANY
) -> tuple[Rule, ...]:
    """The rules for requests that ``match`` (which names neither methods nor a path), streaming paths first."""
    balancing = tuning.load_balancing
    on = None if balancing is None else balancing.hash_on
    plain = Rule(targets, timeouts, match, hash_on=None if on is None else HashKey(on.name, on.kind == "cookie"))
    endless = replace(plain, timeouts=replace(timeouts, request=0))
    patient = replace(tuning, per_try_timeout=None)
    streaming = (_at(endless, path) for path in tuning.streaming)
    return (
        *(rule for at in streaming for rule in _by_method(protocol, at, patient)),
        *_by_method(protocol, plain, tuning),
    )


def _at(rule: Rule, path: str) -> Rule:
    return replace(rule, match=replace(rule.match, path=PathMatch(PathTest.BELOW, path)))


def _by_method(protocol: Protocol, rule: Rule, tuning: Tuning) -> tuple[Rule, ...]:
    """The rule for what may be sent twice, and for what may not; gRPC has no mark for either."""
    if protocol is Protocol.GRPC:
        return (replace(rule, retry=tuned_retry(RETRY_GRPC, tuning)),)
    retry = tuned_retry(RETRY_REPEATABLE, tuning)
    if tuning.retry_any_method or retry is None:
        return (replace(rule, retry=retry),)
    repeatable = replace(rule, match=replace(rule.match, methods=REPEATABLE), retry=retry)
    return repeatable, replace(rule, retry=unsent(retry))
