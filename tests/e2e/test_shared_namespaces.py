"""Two accounts, each with a cluster in a VPC of its own, in one namespace: refused until it is shared and accepted,
then called by alias both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, app, offer, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

OWNER, PARTICIPANT = "111111111111", "222222222222"
ASKING = """exec python3 -u -c '
import json, time, urllib.request
while True:
    try:
        with urllib.request.urlopen("http://NAME/hello", timeout=5) as answer:
            print(json.load(answer)["task"])
    except OSError as error:
        print(error)
    time.sleep(0.2)
'"""


class Account:
    """An account with a VPC of its own, whose tasks may be called by everybody who can reach them."""

    def __init__(self, installation: Installation, number: str, block: int) -> None:
        self.installation = installation
        self.number = number
        self.ec2, self.ram = self.client("ec2"), self.client("ram")
        self.cidr = f"10.{block}.0.0/16"
        self.vpc = self.ec2.create_vpc(CidrBlock=self.cidr)["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.{block}.0.0/20")["Subnet"]
        self.subnet = subnet["SubnetId"]

    def client(self, service: str) -> Any:
        """A client that speaks for the account."""
        return self.installation.client(service, key=self.number)

    def of_vpc(self) -> Sequence[dict[str, Any]]:
        """A filter for what is in the VPC."""
        return [{"Name": "vpc-id", "Values": [self.vpc]}]

    def open_to(self, other: Account, peering: str) -> None:
        """Let packets go to the other VPC and come from it."""
        [table] = self.ec2.describe_route_tables(Filters=self.of_vpc())["RouteTables"]
        self.ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock=other.cidr, VpcPeeringConnectionId=peering
        )
        [group] = self.ec2.describe_security_groups(Filters=self.of_vpc())["SecurityGroups"]
        rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": other.cidr}, {"CidrIp": self.cidr}]}
        self.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])


class Home(Cluster):
    """A cluster in an account's own VPC."""

    def __init__(self, account: Account, name: str, namespace: str) -> None:
        self.installation, self.name = account.installation, name
        self.ecs = account.client("ecs")
        self.ecs.create_cluster(clusterName=name, serviceConnectDefaults={"namespace": namespace})
        self.subnets = [account.subnet]

    def offer(self, name: str) -> str:
        """A service that answers under this name; its task."""
        self.serve(name, self.define(name, app("web", 8080, "http")), offer("web", name, 80, discoveryName=name))
        self.steady(name)
        (task,) = self.tasks(name)
        return task_id(task["taskArn"])

    def wait_for_answer(self, name: str, task: str) -> None:
        """Wait until a task of this cluster has an answer from the other one, called by its alias."""
        caller = f"calls-{task[:8]}"
        self.serve(caller, self.define(caller, shell(ASKING.replace("NAME", name))))
        self.steady(caller)
        (asking,) = self.tasks(caller)
        eventually(lambda: task in self.output_lines(asking["taskArn"]), f"{name} answers")


def _peer(owner: Account, participant: Account) -> None:
    vpc_peering_connection = owner.ec2.create_vpc_peering_connection(
        VpcId=owner.vpc, PeerVpcId=participant.vpc, PeerOwnerId=participant.number
    )
    peering = vpc_peering_connection["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    participant.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    owner.open_to(participant, peering)
    participant.open_to(owner, peering)


def test_a_namespace_of_two_accounts(server: Installation):
    owner, participant = Account(server, OWNER, 41), Account(server, PARTICIPANT, 42)
    core = Home(owner, "shared-core", "shared")
    [namespace] = owner.client("servicediscovery").list_namespaces()["Namespaces"]
    share = owner.ram.create_resource_share(name="shared", resourceArns=[namespace["Arn"]], principals=[PARTICIPANT])
    with pytest.raises(ClientError, match="not authorized to perform: servicediscovery:GetNamespace"):
        Home(participant, "shared-web", namespace["Arn"])
    [invitation] = participant.ram.get_resource_share_invitations()["resourceShareInvitations"]
    participant.ram.accept_resource_share_invitation(
        resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
    )
    web = Home(participant, "shared-web", namespace["Arn"])
    _peer(owner, participant)
    owners, participants = core.offer("owners"), web.offer("participants")
    core.wait_for_answer("participants", participants)
    web.wait_for_answer("owners", owners)
    response = participant.client("servicediscovery").discover_instances(
        NamespaceName="shared", ServiceName="owners", OwnerAccount=OWNER
    )
    assert [instance["InstanceId"] for instance in response["Instances"]] == [owners]
    owner.ram.delete_resource_share(resourceShareArn=share["resourceShare"]["resourceShareArn"])
    with pytest.raises(ClientError, match="not authorized to perform: servicediscovery:GetNamespace"):
        web.update("participants", forceNewDeployment=True)
    web.update("participants", desiredCount=2)
    web.steady("participants")
    (second,) = {task_id(task["taskArn"]) for task in web.tasks("participants")} - {participants}
    core.wait_for_answer("participants", second)
