"""Amazon EC2's resource types of VPCs' additional address ranges and peering connections.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_EC2.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.stacks.types.calls import Contribution, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import id_list, ids
from moyai.stacks.types.tags import ec2_tags


def ec2_vpc_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``ec2``."""
    yield _vpc_cidr_block()
    yield _subnet_cidr_block()
    yield _peering_connection()


def _vpc_cidr_block() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::VPCCidrBlock",
        "ec2",
        "AssociateVpcCidrBlock",
        "CidrBlockAssociation.AssociationId || Ipv6CidrBlockAssociation.AssociationId",
        "DisassociateVpcCidrBlock",
        ids("AssociationId"),
        read_repeated=Read(
            "DescribeVpcs",
            lambda resource: {"VpcIds": [resource.properties["VpcId"]]},
            "{CidrBlockAssociation: Vpcs[0].CidrBlockAssociationSet[?CidrBlock=='$CidrBlock'] | [0]}",
        ),
        read=Read(
            "DescribeVpcs",
            lambda resource: {"VpcIds": [resource.properties["VpcId"]]},
            "Vpcs[0].[CidrBlockAssociationSet, Ipv6CidrBlockAssociationSet][] | [?AssociationId=='$id'] | [0]",
        ),
        derive=lambda resource: {"Id": resource.id},
        contribution=Contribution(
            "VpcId", {"CidrBlockAssociations": "CidrBlock && Id", "Ipv6CidrBlocks": "Ipv6CidrBlock"}
        ),
        missing=frozenset({"InvalidVpcCidrBlockAssociationID.NotFound", "InvalidVpcID.NotFound"}),
    )


def _subnet_cidr_block() -> StackResourceType:
    return StackResourceType(
        "AWS::EC2::SubnetCidrBlock",
        "ec2",
        "AssociateSubnetCidrBlock",
        "Ipv6CidrBlockAssociation.AssociationId",
        "DisassociateSubnetCidrBlock",
        ids("AssociationId"),
        read=Read(
            "DescribeSubnets",
            lambda resource: {"SubnetIds": [resource.properties["SubnetId"]]},
            "Subnets[0].Ipv6CidrBlockAssociationSet[?AssociationId=='$id'] | [0]",
        ),
        derive=lambda resource: {"Id": resource.id},
        contribution=Contribution("SubnetId", {"Ipv6CidrBlocks": "Ipv6CidrBlock"}),
        missing=frozenset({"InvalidSubnetCidrBlockAssociationID.NotFound", "InvalidSubnetID.NotFound"}),
    )


def _peering_connection() -> StackResourceType:
    """A peering connection within an account, which CloudFormation accepts itself."""
    return StackResourceType(
        "AWS::EC2::VPCPeeringConnection",
        "ec2",
        "CreateVpcPeeringConnection",
        "VpcPeeringConnection.VpcPeeringConnectionId",
        "DeleteVpcPeeringConnection",
        ids("VpcPeeringConnectionId"),
        tagging=ec2_tags("vpc-peering-connection"),
        finish=(("AcceptVpcPeeringConnection", ids("VpcPeeringConnectionId")),),
        read=Read("DescribeVpcPeeringConnections", id_list("VpcPeeringConnectionIds"), "VpcPeeringConnections[0]"),
        stable=Stable("Status.Code", frozenset({"active"}), frozenset({"failed", "rejected"}), "Status.Message"),
        derive=lambda resource: {"Id": resource.id},
        missing=frozenset({"InvalidVpcPeeringConnectionID.NotFound"}),
    )
