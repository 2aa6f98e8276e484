"""Security groups and their rules, as their SDK and the tools on top of it see them."""

from __future__ import annotations

import pytest

from moyai.domain.vpc.default import default_vpc
from moyai.testing.world import SCOPE
from tests.contract.api.asking import ANYWHERE, cidr, code, filters_of, pair, tag_specification, tcp

OWN = default_vpc(SCOPE)


def test_rules_are_authorized_and_revoked(ec2, net):
    security_group_rules = ec2.authorize_security_group_ingress(
        GroupId=net.group,
        IpPermissions=[tcp(80, **cidr("10.1.0.0/16", "10.2.0.0/16")), {"IpProtocol": "-1", **pair(net.group)}],
        TagSpecifications=tag_specification("security-group-rule", Name="in"),
    )["SecurityGroupRules"]
    assert [rule.get("CidrIpv4") for rule in security_group_rules] == ["10.1.0.0/16", "10.2.0.0/16", None]
    assert security_group_rules[2]["ReferencedGroupInfo"] == {"GroupId": net.group, "UserId": SCOPE.account}
    [group] = ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"]
    assert group["IpPermissions"][0] == {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "IpRanges": [{"CidrIp": "10.1.0.0/16"}, {"CidrIp": "10.2.0.0/16"}],
        "UserIdGroupPairs": [],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
    }
    response = ec2.describe_security_group_rules(Filters=filters_of(("group-id", net.group), ("is-egress", "false")))
    assert [
        security_group_rule["SecurityGroupRuleId"] for security_group_rule in response["SecurityGroupRules"]
    ] == sorted(rule["SecurityGroupRuleId"] for rule in security_group_rules)
    ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(80, **cidr("10.2.0.0/16"))])
    ec2.revoke_security_group_ingress(
        GroupId=net.group, SecurityGroupRuleIds=[security_group_rules[2]["SecurityGroupRuleId"]]
    )
    [group] = ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"]
    assert [p["IpRanges"] for p in group["IpPermissions"]] == [[{"CidrIp": "10.1.0.0/16"}]]


def test_the_default_egress_rule_can_be_replaced(ec2, net):
    everything = {"IpProtocol": "-1", **cidr(ANYWHERE)}
    ec2.revoke_security_group_egress(GroupId=net.group, IpPermissions=[everything])
    assert ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"][0]["IpPermissionsEgress"] == []
    ec2.authorize_security_group_egress(
        GroupId=net.group, IpPermissions=[{"IpProtocol": "6", **tcp(443), **cidr("10.0.0.0/8")}]
    )
    [rule] = ec2.describe_security_group_rules(Filters=filters_of(("group-id", net.group)))["SecurityGroupRules"]
    assert (rule["IsEgress"], rule["IpProtocol"], rule["FromPort"]) == (True, "tcp", 443)


def test_rules_may_use_top_level_parameters_and_group_names(ec2):
    ec2.create_security_group(GroupName="lb", Description="lb")
    ec2.create_security_group(GroupName="web", Description="web")
    ec2.authorize_security_group_ingress(GroupName="web", IpProtocol="tcp", FromPort=80, ToPort=81, CidrIp=ANYWHERE)
    ec2.authorize_security_group_ingress(GroupName="web", SourceSecurityGroupName="lb")
    [group] = ec2.describe_security_groups(GroupNames=["web"])["SecurityGroups"]
    assert [(p["IpProtocol"], p.get("ToPort")) for p in group["IpPermissions"]] == [("tcp", 81), ("-1", None)]
    assert code(ec2.delete_security_group, GroupName="lb") == "DependencyViolation"
    ec2.delete_security_group(GroupName="web")
    ec2.delete_security_group(GroupName="lb")


def test_rules_and_their_descriptions_are_modified(ec2, net):
    [rule] = ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(80, **cidr(ANYWHERE))])[
        "SecurityGroupRules"
    ]
    identity = rule["SecurityGroupRuleId"]
    expected = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "ReferencedGroupId": net.group}
    ec2.modify_security_group_rules(
        GroupId=net.group, SecurityGroupRules=[{"SecurityGroupRuleId": identity, "SecurityGroupRule": expected}]
    )
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=net.group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": identity, "Description": "names"}]
    )
    [security_group_rule] = ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"]
    assert (security_group_rule["IpProtocol"], security_group_rule["Description"]) == ("udp", "names")
    assert security_group_rule["ReferencedGroupInfo"]["GroupId"] == net.group
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=net.group,
        IpPermissions=[{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, **pair(net.group, Description="DNS")}],
    )
    assert (
        ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"][0]["Description"]
        == "DNS"
    )


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (tcp(22, **cidr(ANYWHERE)), "InvalidPermission.Duplicate"),
        (tcp(80), "InvalidPermission.Malformed"),
        (tcp(80, **cidr("10.0.0.0")), "InvalidParameterValue"),
        ({"IpProtocol": "tcp", **cidr(ANYWHERE)}, "InvalidParameterValue"),
        ({"IpProtocol": "tcp", "FromPort": 9, "ToPort": 8, **cidr(ANYWHERE)}, "InvalidParameterValue"),
        ({"IpProtocol": "gre", **cidr(ANYWHERE)}, "InvalidParameterValue"),
        (cidr(ANYWHERE), "MissingParameter"),
        (tcp(80, **pair("sg-0")), "InvalidGroup.NotFound"),
        (tcp(80, **pair(OWN.security_groups[0].id)), "InvalidParameterValue"),
        (tcp(80, Ipv6Ranges=[{"CidrIpv6": "0.0.0.0/0"}]), "InvalidParameterValue"),
        (tcp(80, PrefixListIds=[{"PrefixListId": "pl-1"}]), "InvalidParameterValue"),
    ],
)
def test_bad_rules(ec2, net, permission, expected):
    ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(22, **cidr(ANYWHERE))])
    params = {"GroupId": net.group, "IpPermissions": [permission]}
    assert code(ec2.authorize_security_group_ingress, **params) == expected


def test_revoking_a_missing_rule_is_an_error(ec2, net):
    params = {"GroupId": net.group, "IpPermissions": [tcp(80, **cidr(ANYWHERE))]}
    assert code(ec2.revoke_security_group_ingress, **params) == "InvalidPermission.NotFound"


def test_references_of_a_group_are_those_of_peered_vpcs(ec2, net):
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(VpcId=other, GroupName="callers", Description="callers")["GroupId"]
    peering = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    identity = peering["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=identity)
    assert ec2.describe_security_group_references(GroupId=[net.group])["SecurityGroupReferenceSet"] == []
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": net.group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert ec2.describe_security_group_references(GroupId=[net.group])["SecurityGroupReferenceSet"] == [
        {"GroupId": net.group, "ReferencingVpcId": other, "VpcPeeringConnectionId": identity}
    ]
