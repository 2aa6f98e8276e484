"""The tables of Elastic Load Balancing."""

from __future__ import annotations

from moyai.domain.elb.front import front_sandbox
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener, Rule
from moyai.domain.elb.target_group import Target, TargetGroup
from moyai.domain.keys import named_key, scope_of
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import interface_addresses, optional, scope_in_arn

_ARN = "arn:"


class LoadBalancingTables:
    """Load balancers, listeners, rules, target groups and targets."""

    load_balancers = TableSpec(
        LoadBalancer,
        scope=scope_in_arn,
        name=lambda b: (named_key(scope_of(b.arn), b.name),),
        vpc=lambda b: (b.vpc,),
        dns_name=lambda b: (b.dns_name,),
        subnet=lambda b: tuple(node.subnet for node in b.nodes),
        address=lambda b: tuple(
            f"{node.subnet}/{address}" for node in b.nodes for address in interface_addresses(node.interface)
        ),
        public_address=lambda b: tuple(
            node.interface.public_address for node in b.nodes if node.interface.public_address is not None
        ),
        security_group=lambda b: b.security_groups,
        front=lambda b: (front_sandbox(b.vpc),),
        public=lambda b: ("yes",) if any(node.interface.public_address for node in b.nodes) else (),
    )
    """``address``: ``subnet/address`` of each node, for both families; ``front``: the sandbox of its front proxy."""
    target_groups = TableSpec(
        TargetGroup,
        scope=scope_in_arn,
        name=lambda g: (named_key(scope_of(g.arn), g.name),),
        vpc=lambda g: (g.vpc,),
    )
    listeners = TableSpec(
        Listener,
        scope=scope_in_arn,
        load_balancer=lambda listener: (listener.load_balancer,),
        certificate=lambda listener: listener.certificates,
    )
    rules = TableSpec(Rule, scope=scope_in_arn, listener=lambda r: (r.listener,), target_group=lambda r: r.groups)
    targets = TableSpec(
        Target,
        group=lambda t: (t.group,),
        address=lambda t: (t.address,),
        task=lambda t: optional(t.task),
        load_balancer=lambda t: (t.id,) if t.id.startswith(_ARN) else (),
    )
    """``load_balancer``: targets that are load balancers, by their ARNs."""
