"""Secondary IPv4 ranges of VPCs, and IPv6 ranges that callers choose."""

from __future__ import annotations

import pytest

from moyai.domain.sandbox.network_spec import NOWHERE
from moyai.domain.vpc.default import default_vpc
from moyai.plan.network.network_spec import network_spec
from moyai.testing.world import SCOPE
from tests.contract.api.asking import ANYWHERE, code, filters_of


def associate(ec2, vpc, cidr):
    return ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=cidr)["CidrBlockAssociation"]


def test_subnets_can_be_in_a_secondary_range(ec2, net):
    added = associate(ec2, net.vpc, "10.2.0.0/16")
    assert (added["CidrBlock"], added["CidrBlockState"]) == ("10.2.0.0/16", {"State": "associating"})
    [vpc] = ec2.describe_vpcs(Filters=filters_of(("cidr-block-association.cidr-block", "10.2.0.0/16")))["Vpcs"]
    ranges = [(r["CidrBlock"], r["CidrBlockState"]["State"]) for r in vpc["CidrBlockAssociationSet"]]
    assert ranges == [("10.1.0.0/16", "associated"), ("10.2.0.0/16", "associated")]
    [table] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    assert [(r["DestinationCidrBlock"], r["GatewayId"]) for r in table["Routes"]] == [
        ("10.1.0.0/16", "local"),
        ("10.2.0.0/16", "local"),
    ]
    subnet = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.2.5.0/24")["Subnet"]["SubnetId"]
    identity = added["AssociationId"]
    assert code(ec2.disassociate_vpc_cidr_block, AssociationId=identity) == "DependencyViolation"
    ec2.delete_subnet(SubnetId=subnet)
    removed = ec2.disassociate_vpc_cidr_block(AssociationId=identity)["CidrBlockAssociation"]
    assert removed["CidrBlockState"] == {"State": "disassociating"}
    assert code(ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.2.5.0/24") == "InvalidSubnet.Range"
    primary = vpc["CidrBlockAssociationSet"][0]["AssociationId"]
    assert code(ec2.disassociate_vpc_cidr_block, AssociationId=primary) == "OperationNotPermitted"


@pytest.mark.parametrize(
    "cidr", ["10.1.128.0/20", "10.0.0.0/15", "172.17.3.0/24", "127.1.0.0/16", "10.3.0.0/29", "169.254.7.0/24"]
)
def test_ranges_that_would_be_ambiguous_are_refused(ec2, net, cidr):
    assert code(ec2.associate_vpc_cidr_block, VpcId=net.vpc, CidrBlock=cidr) == "InvalidVpc.Range"


def test_a_range_never_overlaps_a_peered_vpcs_and_a_vpc_has_five(ec2, net):
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=other)
    assert code(ec2.associate_vpc_cidr_block, VpcId=net.vpc, CidrBlock="10.9.4.0/24") == "InvalidVpc.Range"
    for number in range(4):
        associate(ec2, net.vpc, f"10.2{number}.0.0/16")
    assert code(ec2.associate_vpc_cidr_block, VpcId=net.vpc, CidrBlock="10.30.0.0/16") == "VpcCidrBlockLimitExceeded"


def test_a_peering_leads_to_all_ranges_of_the_other_vpc(installation, ec2, net):
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    associate(ec2, other, "10.10.0.0/16")
    peering = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    identity = peering["VpcPeeringConnectionId"]
    active = ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=identity)["VpcPeeringConnection"]
    assert active["AccepterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.9.0.0/16"}, {"CidrBlock": "10.10.0.0/16"}]
    third = ec2.create_vpc(CidrBlock="10.10.0.0/16")["Vpc"]["VpcId"]
    failed = ec2.create_vpc_peering_connection(VpcId=other, PeerVpcId=third)["VpcPeeringConnection"]
    assert failed["Status"]["Code"] == "failed"


def test_no_route_leads_an_address_of_a_secondary_range_elsewhere(installation, ec2):
    task = installation.store.world.tasks[installation.builder.run(installation.builder.definition("web"))]
    associate(ec2, task.interface.vpc, "10.2.0.0/16")
    [vpc] = network_spec(installation.store.world).vpcs
    assert {(route.destination, route.target) for route in vpc.routes} >= {("10.2.0.0/16", NOWHERE)}
    assert any(route.destination == ANYWHERE for route in vpc.routes)


def test_a_task_runs_in_a_subnet_of_a_secondary_range(installation, ec2):
    vpc = default_vpc(SCOPE).id
    associate(ec2, vpc, "10.2.0.0/16")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.2.1.0/24")["Subnet"]["SubnetId"]
    ecs = installation.client("ecs")
    ecs.create_cluster(clusterName="ranges")
    definition = ecs.register_task_definition(
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "web"}],
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": [subnet]}}
    answer = ecs.run_task(
        cluster="ranges", taskDefinition=definition, launchType="FARGATE", networkConfiguration=network
    )
    [task] = answer["tasks"]
    assert installation.store.world.tasks[task["taskArn"]].interface.address.startswith("10.2.1.")


def test_a_caller_can_choose_an_ipv6_range(ec2, net):
    chosen = {"Ipv6CidrBlock": "fd12:3456::/56", "Ipv6Pool": "ipv6pool-ec2-0123456789abcdef0"}
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16", **chosen)["Vpc"]
    [range_] = vpc["Ipv6CidrBlockAssociationSet"]
    assert (range_["Ipv6CidrBlock"], range_["Ipv6Pool"]) == tuple(chosen.values())
    added = ec2.associate_vpc_cidr_block(VpcId=net.vpc, **chosen)["Ipv6CidrBlockAssociation"]
    assert added["Ipv6CidrBlock"] == "fd12:3456::/56"
    subnet = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.9.0/24", Ipv6CidrBlock="fd12:3456:0:1::/64")["Subnet"]
    assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == "fd12:3456:0:1::/64"
