"""Network ACLs, as their SDK and the tools on top of it see them, and the rules that a runtime gets for them."""

from __future__ import annotations

import pytest

from moyai.plan.network.network_spec import network_spec
from tests.contract.api.asking import ANYWHERE, code, filters_of, tag_specification


def acl_of(ec2, subnet):
    [acl] = ec2.describe_network_acls(Filters=filters_of(("association.subnet-id", subnet)))["NetworkAcls"]
    return acl


def entry(acl, number, **members):
    form = {"NetworkAclId": acl, "RuleNumber": number, "Protocol": "-1", "RuleAction": "allow", "Egress": False}
    return {**form, "CidrBlock": ANYWHERE, **members}


@pytest.fixture
def acl(ec2, net):
    return ec2.create_network_acl(VpcId=net.vpc, TagSpecifications=tag_specification("network-acl", Name="web"))[
        "NetworkAcl"
    ]


def test_a_new_acl_stops_everything_and_belongs_to_no_subnet(ec2, net, acl):
    assert (acl["IsDefault"], acl["Associations"]) == (False, [])
    assert [(e["RuleNumber"], e["RuleAction"], e["Egress"]) for e in acl["Entries"]] == [
        (32767, "deny", True),
        (32767, "deny", False),
    ]
    assert acl["Tags"] == [{"Key": "Name", "Value": "web"}]
    assert ec2.describe_network_acls(Filters=filters_of(("tag:Name", "web")))["NetworkAcls"] == [acl]
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"


def test_entries_are_created_replaced_and_deleted(ec2, acl):
    identity = acl["NetworkAclId"]
    ec2.create_network_acl_entry(**entry(identity, 100, Protocol="tcp", PortRange={"From": 80, "To": 443}))
    ec2.create_network_acl_entry(**entry(identity, 90, Protocol="1", IcmpTypeCode={"Type": 8, "Code": -1}))
    assert code(ec2.create_network_acl_entry, **entry(identity, 90)) == "NetworkAclEntryAlreadyExists"
    entries = ec2.describe_network_acls(NetworkAclIds=[identity])["NetworkAcls"][0]["Entries"]
    assert [(e["RuleNumber"], e["Protocol"]) for e in entries if not e["Egress"]] == [
        (90, "1"),
        (100, "6"),
        (32767, "-1"),
    ]
    assert entries[2]["PortRange"] == {"From": 80, "To": 443}
    assert entries[1]["IcmpTypeCode"] == {"Type": 8, "Code": -1}
    ec2.replace_network_acl_entry(**entry(identity, 100, RuleAction="deny"))
    ec2.delete_network_acl_entry(NetworkAclId=identity, RuleNumber=90, Egress=False)
    entries = ec2.describe_network_acls(NetworkAclIds=[identity])["NetworkAcls"][0]["Entries"]
    assert [(e["RuleNumber"], e["RuleAction"]) for e in entries if not e["Egress"]] == [(100, "deny"), (32767, "deny")]
    missing = {"NetworkAclId": identity, "RuleNumber": 90, "Egress": False}
    assert code(ec2.delete_network_acl_entry, **missing) == "InvalidNetworkAclEntry.NotFound"
    assert code(ec2.replace_network_acl_entry, **entry(identity, 90)) == "InvalidNetworkAclEntry.NotFound"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"RuleNumber": 0}, "InvalidParameterValue"),
        ({"RuleNumber": 32767}, "InvalidParameterValue"),
        ({"Protocol": "tcp"}, "MissingParameter"),
        ({"Protocol": "icmp"}, "MissingParameter"),
        ({"Protocol": "256"}, "InvalidParameterValue"),
        ({"Protocol": "6", "PortRange": {"From": 9, "To": 8}}, "InvalidParameterValue"),
        ({"CidrBlock": "10.0.0.0/33"}, "InvalidParameterValue"),
        ({"NetworkAclId": "acl-0"}, "InvalidNetworkAclID.NotFound"),
    ],
)
def test_wrong_entries_are_refused(ec2, acl, members, error):
    assert code(ec2.create_network_acl_entry, **{**entry(acl["NetworkAclId"], 1), **members}) == error


def test_a_subnet_goes_by_the_acl_that_it_is_associated_with(ec2, net, acl):
    default = acl_of(ec2, net.subnet)
    [association] = default["Associations"]
    answer = ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl["NetworkAclId"]
    )
    now = acl_of(ec2, net.subnet)
    assert now["NetworkAclId"] == acl["NetworkAclId"]
    assert now["Associations"][0]["NetworkAclAssociationId"] == answer["NewAssociationId"]
    assert code(ec2.delete_network_acl, NetworkAclId=acl["NetworkAclId"]) == "DependencyViolation"
    back = {"AssociationId": answer["NewAssociationId"], "NetworkAclId": default["NetworkAclId"]}
    ec2.replace_network_acl_association(**back)
    assert acl_of(ec2, net.subnet)["NetworkAclId"] == default["NetworkAclId"]
    assert code(ec2.replace_network_acl_association, **back) == "InvalidAssociationID.NotFound"
    ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
    assert code(ec2.delete_network_acl, NetworkAclId=default["NetworkAclId"]) == "InvalidParameterValue"
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_vpc(VpcId=net.vpc)
    assert code(ec2.describe_network_acls, NetworkAclIds=[default["NetworkAclId"]]) == "InvalidNetworkAclID.NotFound"


def test_the_default_acl_is_changed_as_terraform_does_it(ec2, net):
    """Its entries are deleted and created again, and it is tagged."""
    default = acl_of(ec2, net.subnet)["NetworkAclId"]
    ec2.create_tags(Resources=[default], Tags=[{"Key": "Name", "Value": "default"}])
    for egress in (True, False):
        ec2.delete_network_acl_entry(NetworkAclId=default, RuleNumber=100, Egress=egress)
        ec2.create_network_acl_entry(**entry(default, 100, Egress=egress))
        ec2.create_network_acl_entry(**entry(default, 101, Egress=egress, CidrBlock="", Ipv6CidrBlock="::/0"))
    acl = acl_of(ec2, net.subnet)
    assert (acl["IsDefault"], acl["Tags"]) == (True, [{"Key": "Name", "Value": "default"}])
    assert [e["RuleNumber"] for e in acl["Entries"] if e["Egress"]] == [100, 101, 32767]
    subnet = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.2.0/24")["Subnet"]["SubnetId"]
    assert acl_of(ec2, subnet)["NetworkAclId"] == default


def test_a_runtime_gets_the_rules_of_subnets_whose_acl_stops_something(installation, ec2, acl, net):
    task = installation.store.world.tasks[installation.builder.run(installation.builder.definition("web"))]
    subnet = task.interface.subnet
    [spec] = network_spec(installation.store.world).vpcs
    assert spec.acls == ()
    [association] = [a for a in acl_of(ec2, subnet)["Associations"] if a["SubnetId"] == subnet]
    own = ec2.create_network_acl(VpcId=task.interface.vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(**entry(own, 50, Protocol="6", PortRange={"From": 80, "To": 80}))
    ec2.create_network_acl_entry(**entry(own, 60, RuleAction="deny", CidrBlock="10.0.0.0/8"))
    ec2.create_network_acl_entry(**entry(own, 100, Egress=True))
    ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=own)
    [spec] = network_spec(installation.store.world).vpcs
    [rules] = spec.acls
    assert [(r.allow, r.protocol, r.cidr, r.from_port) for r in rules.ingress] == [
        (True, "6", ANYWHERE, 80),
        (False, "-1", "10.0.0.0/8", None),
    ]
    assert [(r.allow, r.protocol) for r in rules.egress] == [(True, "-1")]
    for number, egress in ((50, False), (60, False)):
        ec2.delete_network_acl_entry(NetworkAclId=own, RuleNumber=number, Egress=egress)
    ec2.create_network_acl_entry(**entry(own, 10))
    assert network_spec(installation.store.world).vpcs[0].acls == ()


def test_an_entry_that_stops_everything_comes_before_one_that_allows_it(installation, ec2):
    task = installation.store.world.tasks[installation.builder.run(installation.builder.definition("web"))]
    default = acl_of(ec2, task.interface.subnet)["NetworkAclId"]
    ec2.create_network_acl_entry(**entry(default, 1, RuleAction="deny"))
    [spec] = network_spec(installation.store.world).vpcs
    assert len(spec.acls) == 3, "every subnet of the VPC uses its default ACL"
    assert [r.allow for r in spec.acls[0].ingress] == [False, True]


@pytest.mark.parametrize(
    "range_",
    [
        {"CidrBlock": None, "Ipv6CidrBlock": "fe80::%x accept\nflush ruleset\n#/64"},
        {"CidrBlock": None, "Ipv6CidrBlock": "fe80::/" + "9" * 5000},
        {"CidrBlock": None, "Ipv6CidrBlock": "fe80::/٦٤"},
        {"CidrBlock": "10.0.0.0/" + "9" * 5000},
    ],
)
def test_a_range_is_an_address_and_a_prefix_of_digits(ec2, acl, range_):
    members = {name: value for name, value in entry(acl["NetworkAclId"], 1, **range_).items() if value is not None}
    assert code(ec2.create_network_acl_entry, **members) == "InvalidParameterValue"
