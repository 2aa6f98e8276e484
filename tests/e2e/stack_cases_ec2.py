"""The cases of Amazon EC2's resource types that control a VPC's traffic, or describe it. See stack_cases."""

from __future__ import annotations

from typing import Final

from tests.e2e.stack_cases import NETWORK, VPC, Case, ref, resource, tags

ACL: Final = {"Acl": resource("EC2::NetworkAcl", VpcId=ref("Vpc"))}
EC2_CASES: Final = (
    Case("AWS::EC2::NetworkAcl", {"VpcId": ref("Vpc")}, {"Ref": "acl-.*", "Id": "acl-.*"}, {"Tags": tags(a="1")}, VPC),
    Case(
        "AWS::EC2::NetworkAclEntry",
        {
            "NetworkAclId": ref("Acl"),
            "RuleNumber": "100",
            "Protocol": 6,
            "RuleAction": "allow",
            "Egress": "true",
            "CidrBlock": "0.0.0.0/0",
            "PortRange": {"From": 80, "To": "80"},
        },
        {"Ref": r"acl-.*\|100\|true", "Id": r"acl-.*\|100\|true"},
        {"RuleAction": "deny", "PortRange": {"From": 81, "To": 82}},
        {**VPC, **ACL},
    ),
    Case(
        "AWS::EC2::SubnetNetworkAclAssociation",
        {"NetworkAclId": ref("Acl"), "SubnetId": ref("Subnet")},
        {"Ref": "aclassoc-.*", "AssociationId": "aclassoc-.*"},
        {"NetworkAclId": ref("Acl2")},
        {**NETWORK, **ACL, "Acl2": ACL["Acl"]},
        moved=True,
    ),
    Case(
        "AWS::EC2::VPCEndpoint",
        {
            "VpcId": ref("Vpc"),
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.ecr.dkr"},
            "VpcEndpointType": "Interface",
            "SubnetIds": [ref("Subnet")],
            "SecurityGroupIds": [ref("Group")],
            "PrivateDnsEnabled": True,
        },
        {"Ref": "vpce-.*", "Id": "vpce-.*", "CreationTimestamp": r"\d{4}-.*"},
        {"SubnetIds": [ref("Subnet"), ref("Subnet2")], "PrivateDnsEnabled": False, "Tags": tags(a="1")},
        {**NETWORK, "Group": resource("EC2::SecurityGroup", GroupDescription="callers", VpcId=ref("Vpc"))},
    ),
    Case(
        "AWS::EC2::FlowLog",
        {
            "ResourceId": ref("Vpc"),
            "ResourceType": "VPC",
            "TrafficType": "ALL",
            "LogGroupName": "traffic",
            "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/flow",
        },
        {"Ref": "fl-.*", "Id": "fl-.*"},
        {"Tags": tags(a="1")},
        VPC,
    ),
    Case(
        "AWS::EC2::DHCPOptions",
        {"DomainName": "shop.internal", "DomainNameServers": ["AmazonProvidedDNS"], "NetbiosNodeType": 2},
        {"Ref": "dopt-.*", "DhcpOptionsId": "dopt-.*"},
        {"Tags": tags(a="1")},
    ),
    Case(
        "AWS::EC2::VPCDHCPOptionsAssociation",
        {"VpcId": ref("Vpc"), "DhcpOptionsId": ref("Options")},
        {"Ref": r"dopt-.*\|vpc-.*"},
        {"DhcpOptionsId": ref("Options2")},
        {
            **VPC,
            "Options": resource("EC2::DHCPOptions", DomainName="shop.internal"),
            "Options2": resource("EC2::DHCPOptions", DomainName="store.internal"),
        },
        moved=True,
    ),
    Case(
        "AWS::EC2::EgressOnlyInternetGateway",
        {"VpcId": ref("Vpc")},
        {"Ref": "eigw-.*", "Id": "eigw-.*"},
        {"Tags": tags(a="1")},
        VPC,
    ),
    Case(
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref("Subnet"), "RouteTableId": ref("Table")},
        {"Ref": "rtbassoc-.*"},
        {"RouteTableId": ref("Table2")},
        {
            **NETWORK,
            "Table": resource("EC2::RouteTable", VpcId=ref("Vpc")),
            "Table2": resource("EC2::RouteTable", VpcId=ref("Vpc")),
        },
        moved=True,
    ),
    Case(
        "AWS::EC2::LaunchTemplate",
        {"LaunchTemplateData": {"ImageId": "ami-1", "InstanceType": "t3.small", "EbsOptimized": "true"}},
        {"Ref": "lt-.*", "LaunchTemplateId": "lt-.*", "DefaultVersionNumber": "1"},
        {"LaunchTemplateData": {"ImageId": "ami-1", "InstanceType": "t3.large"}, "VersionDescription": "larger"},
    ),
)
