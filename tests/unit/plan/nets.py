"""VPCs in a few lines, as EC2's calls would have recorded them, and tasks in them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from moyai.domain.ecs.service import AwsVpcConfiguration
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.vpc.gateway import InternetGateway, NatGateway
from moyai.domain.vpc.peering import PeeringSide, PeeringStatus, VpcPeering
from moyai.domain.vpc.route_table import RouteTable, RouteTableAssociation, VpcRoute
from moyai.domain.vpc.security_group import (
    GroupReference,
    SecurityGroup,
    SecurityGroupRule,
    default_egress_rule,
    group_ingress_rule,
)
from moyai.domain.vpc.vpc import Ipv6Range, Subnet, Vpc
from moyai.domain.world import Put, World
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.testing.world import SCOPE, Book, Builder

OTHER = Scope(AccountId("210987654321"), Region("eu-west-1"))
ANYWHERE = "0.0.0.0/0"


class Nets:
    """VPCs called ``a``, ``b``, …: ``vpc-a`` with ``subnet-a``, ``sg-a`` (its default group) and ``rtb-a`` (its main
    table), at 10.<number>.0.0/16.
    """

    def __init__(self, book: Book | None = None) -> None:
        self.build = Builder(book)
        self.put(*store_default_vpc(self.world, SCOPE))

    @property
    def world(self) -> World:
        return self.build.world

    def put(self, *changes: Put) -> None:
        self.build.book.apply(changes)

    def vpc(self, name: str, number: int, scope: Scope = SCOPE, *, ipv6: bool = False) -> Vpc:
        ids: Any = {"vpc": f"vpc-{name}", "scope": scope}
        held = Ipv6Range(f"vpc-cidr-assoc-{name}", f"fd00:0:0:{number:x}00::/56") if ipv6 else None
        vpc = Vpc(ids["vpc"], scope, f"10.{number}.0.0/16", ipv6=held)
        group: Any = f"sg-{name}"
        rules = (
            group_ingress_rule(f"sgr-{name}-in", GroupReference(group, scope.account, vpc.id)),
            default_egress_rule(f"sgr-{name}"),
        )
        table: Any = f"rtb-{name}"
        self.put(
            Put(vpc),
            Put(SecurityGroup(group, vpc.id, scope, "default", "", rules)),
            Put(RouteTable(table, vpc.id, scope, associations=(RouteTableAssociation(f"rtbassoc-{name}"),))),
        )
        self.subnet(name, name, f"10.{number}.1.0/24", scope, f"fd00:0:0:{number:x}01::/64" if ipv6 else None)
        return vpc

    def subnet(self, name: str, vpc: str, cidr: str, scope: Scope = SCOPE, ipv6: str | None = None) -> Subnet:
        one: Any = {"id": f"subnet-{name}", "vpc": f"vpc-{vpc}"}
        held = None if ipv6 is None else Ipv6Range(f"subnet-cidr-assoc-{name}", ipv6)
        made = Subnet(scope=scope, cidr=cidr, zone=f"{scope.region}a", zone_id="az1", ipv6=held, **one)
        self.put(Put(made))
        return made

    def route(self, table: str, destination: str, target: Any) -> None:
        found = self.world.route_tables[f"rtb-{table}"]
        self.put(Put(replace(found, routes=(*found.routes, VpcRoute(destination, target)))))

    def peer(self, name: str, one: str, other: str, status: PeeringStatus = PeeringStatus.ACTIVE) -> None:
        requester, accepter = (
            PeeringSide(v.scope, v.id, v.cidr) for v in (self.world.vpcs[f"vpc-{x}"] for x in (one, other))
        )
        now = self.build.clock.now()
        identity: Any = f"pcx-{name}"
        self.put(Put(VpcPeering(identity, requester, accepter, status, "", now, now)))

    def gateway(self, name: str, vpc: str | None) -> None:
        identity: Any = f"igw-{name}"
        there: Any = None if vpc is None else f"vpc-{vpc}"
        self.put(Put(InternetGateway(identity, SCOPE, there)))

    def nat(self, name: str, subnet: str, **members: Any) -> None:
        place = self.world.subnets[f"subnet-{subnet}"]
        ids: Any = {"id": f"nat-{name}", "interface": f"eni-{name}", "allocation": f"eipalloc-{name}"}
        addresses: Any = {"address": place.cidr.replace("0/24", "200"), "public_address": "127.83.0.9", "created_at": 1}
        self.put(Put(NatGateway(scope=SCOPE, vpc=place.vpc, subnet=place.id, **ids, **addresses, **members)))

    def group(self, name: str, vpc: str, *rules: SecurityGroupRule) -> None:
        identity: Any = f"sg-{name}"
        there: Any = f"vpc-{vpc}"
        self.put(Put(SecurityGroup(identity, there, SCOPE, name, "", rules)))

    def task(self, subnet: str, *groups: str, public: str | None = None) -> Task:
        network_of_task: Any = (f"subnet-{subnet}",), tuple(f"sg-{group}" for group in groups)
        scope = self.world.subnets[network_of_task[0][0]].scope
        cluster: Any = f"arn:aws:ecs:{scope.region}:{scope.account}:cluster/default"
        definition = next(iter(self.world.task_definitions), None) or self.build.definition("web")
        request = LaunchRequest(cluster, definition, "family:web", AwsVpcConfiguration(*network_of_task))
        record = launch(self.world, request, self.build.clock.now(), self.build.ids)
        record = replace(record, interface=replace(record.interface, public_address=public))
        self.put(Put(record))
        return record

    def stop(self, task: Task) -> None:
        self.put(Put(replace(self.world.tasks[task.arn], last_status=TaskStatus.STOPPED)))
