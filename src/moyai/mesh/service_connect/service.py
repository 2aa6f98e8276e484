"""What can be called: a discovery service's routes."""

from __future__ import annotations

from moyai.domain.connect.names import TrafficHeader
from moyai.domain.connect.tuning import Tuning
from moyai.mesh.ir import (
    HeaderMatch,
    Match,
    Protocol,
    RouteTable,
    Rule,
    Service,
    StreamSplit,
    Target,
    TextMatch,
    TextTest,
)
from moyai.mesh.service_connect.branches import Branch, branches_of
from moyai.mesh.service_connect.called import Called
from moyai.mesh.service_connect.policies import (
    RETRIES,
    spoken_by,
    timeouts_of,
)
from moyai.mesh.service_connect.rules import rules_of


def service_of(called: Called) -> Service:
    """The routes to the discovery service, as all its callers have them: test traffic first, then everybody's."""
    protocol, tuning = spoken_by(called.service), called.tuning
    branches = branches_of(called.owner, called.service, called.name)
    targets = tuple(Target(b.destination, b.weight if len(branches.production) > 1 else 1) for b in branches.production)
    timeouts = timeouts_of(protocol, branches.main.offer)
    routing: RouteTable | StreamSplit
    if protocol is Protocol.TCP:
        retries = RETRIES if tuning.retries is None else tuning.retries
        routing = StreamSplit(targets, timeouts, connect_attempts=1 + retries)
    else:
        test = () if branches.test is None else _test_rules(protocol, branches.test, tuning)
        routing = RouteTable((*test, *rules_of(protocol, targets, timeouts, tuning)))
    return Service(called.name, protocol, routing, stat_name=f"egress.{called.service.name}")


def _test_rules(protocol: Protocol, branch: Branch, tuning: Tuning) -> tuple[Rule, ...]:
    asked = TrafficHeader() if branch.offer is None else branch.offer.test_header
    value = None if asked.exact is None else TextMatch(TextTest.EXACT, asked.exact)
    match = Match(headers=(HeaderMatch(asked.name, value),))
    return rules_of(protocol, (Target(branch.destination),), timeouts_of(protocol, branch.offer), tuning, match)
