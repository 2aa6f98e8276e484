"""Worlds with the load balancers of one VPC, as their records have them, for the cases of mesh and xds.

    loadBalancers:
      <name>:
        <field of LoadBalancer>: ...            # type, scheme, attributes
        nodes: {us-east-1a: 10.0.0.10}          # the address in each zone; this is the default
        ipv6: {us-east-1a: fd00::10}            # likewise; by default none
        listeners:
          <port>:
            <field of Listener>: ...            # protocol, certificates (by name), attributes
            rules: {<priority or default>: {action: ..., conditions: [...]}}
    targetGroups:
      <name>:
        <field of TargetGroup>: ...
        targets: {<address:port>: {<field of Target>: ...}}
    certificates: those of Certificate Manager, {<name>: the authority that signed it}

Conditions and actions have AWS's type names as ``type``; actions name target groups by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.rule import Listener, ListenerProtocol, Rule
from moyai.domain.elb.target_group import (
    ProtocolVersion,
    Target,
    TargetGroup,
    TargetHealthCheck,
    TargetProtocol,
    TargetType,
)
from moyai.domain.record import StoredRecord
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    ListenerArn,
    ListenerRuleArn,
    LoadBalancerArn,
    NetworkInterfaceId,
    SubnetId,
    TargetGroupArn,
    VpcId,
)
from tests.authority import Authority
from tests.golden.appmesh.certificates import certificate_arn, records

VPC = VpcId("vpc-1")
ELB = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
LONG_AGO = Instant(0)


def read(path: Path) -> dict[str, Any]:
    """The records of a case."""
    case = yaml.safe_load(path.read_text())
    assert isinstance(case, dict)
    return case


def world_of(case: dict[str, Any], authority: Authority | None = None) -> World:
    """The world that is described; ``authority``: whose the certificates are, where they are to be real."""
    world = World()
    certificates = records(case.get("certificates", {}), authority)
    for record in (*_balancers(case), *_groups(case), *certificates):
        world.apply(Put(record))
    return world


def group_arn(name: str) -> TargetGroupArn:
    return TargetGroupArn(f"{ELB}:targetgroup/{name}/{name:0>16}")


def _balancers(case: dict[str, Any]) -> Iterator[StoredRecord]:
    for name, specified in case.get("loadBalancers", {}).items():
        fields = {key: value for key, value in specified.items() if key not in {"nodes", "ipv6", "listeners"}}
        kind = LoadBalancerType(fields.pop("type", "application"))
        short = "app" if kind is LoadBalancerType.APPLICATION else "net"
        balancer = LoadBalancer(
            arn=LoadBalancerArn(f"{ELB}:loadbalancer/{short}/{name}/{name:0>16}"),
            name=name,
            type=kind,
            scheme=Scheme(fields.pop("scheme", "internal")),
            vpc=VPC,
            nodes=tuple(_nodes(specified.get("nodes", {"us-east-1a": "10.0.0.10"}), specified.get("ipv6", {}))),
            dns_name=f"{name}-1.us-east-1.elb.localhost",
            created_at=LONG_AGO,
            **fields,
        )
        yield balancer
        for port, listener in specified.get("listeners", {}).items():
            yield from _listener(balancer, port, listener)


def _nodes(addresses: dict[str, str], ipv6: dict[str, str]) -> Iterator[LoadBalancerNode]:
    for zone, address in addresses.items():
        subnet, identity = SubnetId(f"subnet-{zone}"), NetworkInterfaceId(f"eni-{address}")
        interface = NetworkInterface(identity, "", VPC, subnet, address, "", "", ipv6_address=ipv6.get(zone))
        yield LoadBalancerNode(subnet, zone, interface)


def _listener(balancer: LoadBalancer, port: int, specified: dict[str, Any]) -> Iterator[StoredRecord]:
    fields = {key: value for key, value in specified.items() if key != "rules"}
    within = balancer.arn.replace(":loadbalancer/", ":listener/")
    certificates = tuple(map(certificate_arn, fields.pop("certificates", ())))
    listener = Listener(
        arn=ListenerArn(f"{within}/{port:0>16}"),
        load_balancer=balancer.arn,
        port=port,
        protocol=ListenerProtocol(fields.pop("protocol", "HTTP")),
        created_at=LONG_AGO,
        certificates=certificates,
        **fields,
    )
    yield listener
    for priority, rule in specified["rules"].items():
        identity = {
            "arn": ListenerRuleArn(f"{listener.arn.replace(':listener/', ':listener-rule/')}/{priority:0>16}"),
            "listener": listener.arn,
            "priority": None if priority == "default" else priority,
        }
        action = dict(rule["action"])
        if "groups" in action:
            action["groups"] = [
                {"group": group_arn(one)} if isinstance(one, str) else {**one, "group": group_arn(one["group"])}
                for one in action["groups"]
            ]
        yield msgspec.convert({**rule, **identity, "action": action, "type": "listener_rule"}, Rule)


def _groups(case: dict[str, Any]) -> Iterator[StoredRecord]:
    for name, specified in case.get("targetGroups", {}).items():
        fields = {key: value for key, value in (specified or {}).items() if key != "targets"}
        protocol = TargetProtocol(fields.pop("protocol", "HTTP"))
        check = {"protocol": protocol, "interval": 30, "timeout": 5, "healthy_threshold": 5, "unhealthy_threshold": 2}
        version = fields.pop("protocol_version", "HTTP1" if protocol.is_http else None)
        group = TargetGroup(
            arn=group_arn(name),
            name=name,
            target_type=TargetType(fields.pop("target_type", "ip")),
            protocol=protocol,
            port=fields.pop("port", 80),
            vpc=VPC,
            health_check=msgspec.convert({**check, **fields.pop("health_check", {})}, TargetHealthCheck),
            created_at=LONG_AGO,
            protocol_version=None if version is None else ProtocolVersion(version),
            **fields,
        )
        yield group
        for at, target in (specified or {}).get("targets", {}).items():
            address, _, port = at.rpartition(":")
            identity = {"group": group.arn, "id": address, "port": int(port), "address": address}
            defaults = {"zone": "us-east-1a", "registered_at": LONG_AGO, "type": "target"}
            yield msgspec.convert({**defaults, **identity, **(target or {})}, Target)
