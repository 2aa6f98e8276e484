"""howto-cross-account, retold: a mesh is shared with a second account, and traffic moves to the node that has its tasks
there. The second account has a mesh and a namespace of the same names, which nobody means.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.e2e.appmesh.own_vpc import OwnVpc
from tests.e2e.appmesh.stage import Bastion, listener, to
from tests.e2e.installation import REGION, Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FIRST, SECOND = "300000000001", "300000000002"
MESH = "howto-cross-account"
PORT, GATEWAY = 8080, 9080


class Account(Installation):
    """The same installation, with the credentials of this account."""

    def __init__(self, installation: Installation, number: str) -> None:
        super().__init__(installation.state, *installation.options)
        self.port = installation.port
        self.number = number

    def client(self, service: str, *, region: str = REGION, key: str = "", secret: str = "test") -> Any:  # noqa: S107
        return super().client(service, region=region, key=key or self.number, secret=secret)


class Consumer(OwnVpc):
    """The second account, whose proxies say whose mesh they are in."""

    def envoy(self, resource: str, **environment: str) -> dict[str, Any]:
        return super().envoy(resource.replace(f"mesh/{MESH}/", f"mesh/{MESH}@{FIRST}/"), **environment)

    def join(self, name: str) -> Any:
        """Make a virtual node in the first account's mesh; what it is."""
        spec = {"listeners": [listener(PORT)], "serviceDiscovery": self.cloud_map_discovery(name)}
        params = {"meshName": MESH, "meshOwner": FIRST, "virtualNodeName": name, "spec": spec}
        return self.appmesh.create_virtual_node(**params)["virtualNode"]


class Accounts(NamedTuple):
    first: OwnVpc
    second: Consumer
    bastion: Bastion

    def answering_nodes(self) -> set[str]:
        """The nodes that answer at the first account's gateway."""
        url = f"http://gateway.{self.first.domain}:{GATEWAY}/"
        return {self.bastion.colour(url) for _ in range(20)}

    def route(self, *nodes: str) -> None:
        """Have these share what is sent to the backend."""
        self.first.route("backend", "backend", httpRoute={"match": {"prefix": "/"}, "action": to(*nodes)})


def peer(first: OwnVpc, second: OwnVpc) -> None:
    """Let their tasks reach each other; AWS's own walkthrough shares the subnets."""
    vpc_peering_connection = first.ec2.create_vpc_peering_connection(
        VpcId=first.vpc, PeerVpcId=second.vpc, PeerOwnerId=SECOND
    )
    peering = vpc_peering_connection["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    second.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    for here, there in ((first, second), (second, first)):
        mine = [{"Name": "vpc-id", "Values": [here.vpc]}]
        [table] = here.ec2.describe_route_tables(Filters=mine)["RouteTables"]
        way = {"DestinationCidrBlock": there.cidr, "VpcPeeringConnectionId": peering}
        here.ec2.create_route(RouteTableId=table["RouteTableId"], **way)
        [group] = here.ec2.describe_security_groups(Filters=mine)["SecurityGroups"]
        rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": there.cidr}]}
        here.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])


@pytest.fixture(scope="module")
def accounts(server: Installation) -> Accounts:
    first, second = OwnVpc(Account(server, FIRST), MESH, 64), Consumer(Account(server, SECOND), MESH, 65)
    peer(first, second)
    first.node("backend-1", listener(PORT))
    first.colour("backend-1", PORT)
    first.router("backend", {"port": PORT, "protocol": "http"})
    first.service("backend", router="backend")
    first.gateway("gateway", listener(GATEWAY))
    first.gateway_route("gateway", "backend", "backend", prefix="/")
    first.deploy_gateway("gateway", GATEWAY)
    new_accounts = Accounts(first, second, first.bastion())
    new_accounts.route("backend-1")
    first.cluster.steady("gateway", "backend-1")
    return new_accounts


def test_traffic_moves_to_a_node_of_the_account_that_the_mesh_is_shared_with(accounts):
    first, second = accounts.first, accounts.second
    eventually(lambda: accounts.answering_nodes() == {"backend-1"}, "the first account's own node answers")
    with pytest.raises(ClientError, match="ForbiddenException"):
        second.join("backend-2")
    share(first, second)
    metadata = second.join("backend-2")["metadata"]
    assert metadata["arn"] == f"arn:aws:appmesh:{REGION}:{SECOND}:mesh/{MESH}@{FIRST}/virtualNode/backend-2"
    assert (metadata["meshOwner"], metadata["resourceOwner"]) == (FIRST, SECOND)
    second.colour("backend-2", PORT)
    second.cluster.steady("backend-2")
    accounts.route("backend-1", "backend-2")
    eventually(
        lambda: accounts.answering_nodes() == {"backend-1", "backend-2"}, "the second account's node has a share"
    )
    accounts.route("backend-2")
    eventually(lambda: accounts.answering_nodes() == {"backend-2"}, "it has it all")
    called = first.fqdn("gateway")
    cluster = f"cluster.cds_egress_{MESH}_backend-2_http_{PORT}.upstream_rq_200"
    assert accounts.bastion.statistics(called, "upstream_rq_200")[cluster] > 0


def share(first: OwnVpc, second: OwnVpc) -> None:
    """Share the mesh through RAM, and accept."""
    mesh = first.appmesh.describe_mesh(meshName=MESH)["mesh"]["metadata"]["arn"]
    ram = second.installation.client("ram")
    first.installation.client("ram").create_resource_share(name=MESH, resourceArns=[mesh], principals=[SECOND])
    (invitation,) = ram.get_resource_share_invitations()["resourceShareInvitations"]
    ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
