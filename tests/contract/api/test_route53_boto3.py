"""Route 53 as its SDK sees it: every operation, and every error that it can answer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from moyai.testing.world import SCOPE
from tests.contract.api.asking import assert_refused

OTHER = "222222222222"
NOWHERE = "Z00000000000000000000"
REGION = "us-east-1"


@pytest.fixture
def route53(installation):
    return installation.client("route53")


@pytest.fixture
def public(route53):
    return create(route53, "shop.test")


@pytest.fixture
def vpc(net):
    return {"VPCRegion": REGION, "VPCId": net.vpc}


@pytest.fixture
def private(route53, vpc):
    return create(route53, "shop.internal", VPC=vpc)


def create(client, name, reference=None, **members):
    """The id of a new zone."""
    zone = client.create_hosted_zone(Name=name, CallerReference=reference or name, **members)["HostedZone"]
    return zone["Id"].removeprefix("/hostedzone/")


def record(name, *values, kind="A", **members):
    plain = {"TTL": 60, "ResourceRecords": [{"Value": value} for value in values]} if values else {}
    return {"Name": name, "Type": kind, **plain, **members}


def change(client, zone, *changes):
    """Make changes, each of an action and a record set."""
    batch = {"Comment": "why", "Changes": [{"Action": action, "ResourceRecordSet": rrset} for action, rrset in changes]}
    return client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]


def bad_change(client, zone, *changes, code="InvalidChangeBatch"):
    return assert_refused(lambda: change(client, zone, *changes), code)


def record_names(client, zone, **params):
    sets = client.list_resource_record_sets(HostedZoneId=zone, **params)["ResourceRecordSets"]
    return [(one["Name"], one["Type"]) for one in sets if one["Type"] not in {"NS", "SOA"}]


def test_a_public_zone_from_creation_to_deletion(route53):
    answer = route53.create_hosted_zone(
        Name="Shop.test", CallerReference="one", HostedZoneConfig={"Comment": "the shop", "PrivateZone": False}
    )
    identity = answer["HostedZone"]["Id"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert answer["Location"] == f"https://route53.amazonaws.com/2013-04-01{identity}"
    assert answer["ChangeInfo"]["Status"] == "PENDING"
    assert len(answer["DelegationSet"]["NameServers"]) == 4
    assert answer["HostedZone"] == {
        "Id": identity,
        "Name": "shop.test.",
        "CallerReference": "one",
        "Config": {"Comment": "the shop", "PrivateZone": False},
        "ResourceRecordSetCount": 2,
    }
    described = route53.get_hosted_zone(Id=identity)
    assert described["HostedZone"] == answer["HostedZone"]
    assert described["DelegationSet"] == answer["DelegationSet"]
    assert "VPCs" not in described
    assert route53.get_hosted_zone_count()["HostedZoneCount"] == 1
    updated = route53.update_hosted_zone_comment(Id=identity, Comment="new")["HostedZone"]
    assert updated["Config"]["Comment"] == "new"
    assert "Comment" not in route53.update_hosted_zone_comment(Id=identity)["HostedZone"]["Config"]
    assert route53.get_dnssec(HostedZoneId=identity)["Status"] == {"ServeSignature": "NOT_SIGNING"}
    deleted = route53.delete_hosted_zone(Id=identity)["ChangeInfo"]
    assert route53.get_change(Id=deleted["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert identity.removeprefix("/hostedzone/") in assert_refused(
        route53.get_hosted_zone, "NoSuchHostedZone", 404, Id=identity
    )


def test_a_zone_belongs_to_an_account_in_all_regions(installation, route53, public):
    assert installation.client("route53", OTHER).list_hosted_zones()["HostedZones"] == []
    assert_refused(installation.client("route53", OTHER).get_hosted_zone, "NoSuchHostedZone", 404, Id=public)


def test_zones_that_are_refused(route53, public, private, vpc):
    message = assert_refused(lambda: create(route53, "other.test", "shop.test"), "HostedZoneAlreadyExists", 409)
    assert message == "A hosted zone has already been created with the specified caller reference."
    for name, words in (("a..b", "Domain label is empty"), ("x" * 64, "too long"), (".", ""), ("a b", "unsupported")):
        assert words in assert_refused(lambda name=name: create(route53, name, "r"), "InvalidDomainName")
    missing = {"VPCRegion": REGION, "VPCId": "vpc-1"}
    assert "vpc-1" in assert_refused(lambda: create(route53, "b.test", VPC=missing), "InvalidVPCId")
    message = assert_refused(lambda: create(route53, "shop.internal", "r", VPC=vpc), "ConflictingDomainExists")
    assert message == (
        f"The VPC {vpc['VPCId']} in region {REGION} has already been associated with the hosted zone {private} "
        "with the same domain name."
    )
    private_without_vpc = {"PrivateZone": True}
    assert_refused(lambda: create(route53, "b.test", HostedZoneConfig=private_without_vpc), "InvalidInput")
    assert "ADVANCED" in assert_refused(
        lambda: create(route53, "b.test", HostedZoneConfig={"HostedZoneTier": "ADVANCED"}), "InvalidInput"
    )
    assert "DelegationSetId" in assert_refused(lambda: create(route53, "b.test", DelegationSetId="N1"), "InvalidInput")


def test_an_account_has_at_most_500_zones(route53, installation):
    installation.busy = True
    for number in range(500):
        create(route53, f"z{number}.test")
    assert_refused(lambda: create(route53, "one-more.test"), "TooManyHostedZones")
    limit = route53.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert (limit["Limit"]["Value"], limit["Count"]) == (500, 500)
    assert route53.get_account_limit(Type="MAX_HEALTH_CHECKS_BY_OWNER")["Count"] == 0
    first = route53.list_hosted_zones()
    assert (len(first["HostedZones"]), first["IsTruncated"]) == (100, True)


def test_zones_are_listed_in_pages(route53, private):
    names = ["b.test", "a.test", "z.a.test"]
    ids = [create(route53, name) for name in names]
    paginator = route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 2})
    zones = [zone["Id"].removeprefix("/hostedzone/") for page in paginator for zone in page["HostedZones"]]
    assert zones == sorted([private, *ids])
    [only] = route53.list_hosted_zones(HostedZoneType="PrivateHostedZone")["HostedZones"]
    assert only["Id"] == f"/hostedzone/{private}"
    by_name = route53.list_hosted_zones_by_name(MaxItems="3")
    assert [zone["Name"] for zone in by_name["HostedZones"]] == ["shop.internal.", "a.test.", "z.a.test."]
    assert (by_name["IsTruncated"], by_name["NextDNSName"], by_name["NextHostedZoneId"]) == (True, "b.test.", ids[0])
    rest = route53.list_hosted_zones_by_name(DNSName="b.test", HostedZoneId=ids[0])
    assert [zone["Name"] for zone in rest["HostedZones"]] == ["b.test."]
    assert_refused(route53.list_hosted_zones_by_name, "InvalidInput", HostedZoneId=ids[0])
    assert_refused(route53.list_hosted_zones_by_name, "InvalidDomainName", DNSName="a..b")
    assert_refused(route53.list_hosted_zones, "InvalidInput", MaxItems="none")


def test_vpcs_of_private_zones(route53, ec2, private, public, vpc):
    second = {"VPCRegion": REGION, "VPCId": ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]}
    last = assert_refused(
        route53.disassociate_vpc_from_hosted_zone, "LastVPCAssociation", HostedZoneId=private, VPC=vpc
    )
    assert vpc["VPCId"] in last
    assert_refused(
        route53.disassociate_vpc_from_hosted_zone, "VPCAssociationNotFound", 404, HostedZoneId=private, VPC=second
    )
    info = route53.associate_vpc_with_hosted_zone(HostedZoneId=private, VPC=second, Comment="also here")["ChangeInfo"]
    assert info["Comment"] == "also here"
    assert route53.get_hosted_zone(Id=private)["VPCs"] == [vpc, second]
    assert_refused(route53.associate_vpc_with_hosted_zone, "ConflictingDomainExists", HostedZoneId=private, VPC=second)
    assert_refused(route53.associate_vpc_with_hosted_zone, "PublicZoneVPCAssociation", HostedZoneId=public, VPC=vpc)
    listed_zones = route53.list_hosted_zones_by_vpc(VPCId=second["VPCId"], VPCRegion=REGION)["HostedZoneSummaries"]
    assert listed_zones == [
        {"HostedZoneId": private, "Name": "shop.internal.", "Owner": {"OwningAccount": SCOPE.account}}
    ]
    assert_refused(route53.list_hosted_zones_by_vpc, "InvalidInput", VPCId="vpc-1", VPCRegion=REGION)
    token = {"VPCId": second["VPCId"], "VPCRegion": REGION, "NextToken": "x"}
    assert_refused(route53.list_hosted_zones_by_vpc, "InvalidPaginationToken", **token)
    limit = route53.get_hosted_zone_limit(HostedZoneId=private, Type="MAX_VPCS_ASSOCIATED_BY_ZONE")
    assert (limit["Limit"]["Value"], limit["Count"]) == (300, 2)
    assert_refused(
        route53.get_hosted_zone_limit,
        "HostedZoneNotPrivate",
        HostedZoneId=public,
        Type="MAX_VPCS_ASSOCIATED_BY_ZONE",
    )
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=private, VPC=vpc)
    assert route53.get_hosted_zone(Id=private)["VPCs"] == [second]


def test_the_vpc_of_another_account_is_authorized_first(installation, route53, private):
    theirs = installation.client("route53", OTHER)
    made = installation.client("ec2", OTHER).create_vpc(CidrBlock="10.9.0.0/16")
    vpc = {"VPCRegion": REGION, "VPCId": made["Vpc"]["VpcId"]}
    where = {"HostedZoneId": private, "VPC": vpc}
    assert_refused(theirs.associate_vpc_with_hosted_zone, "NotAuthorizedException", 401, **where)
    assert_refused(route53.delete_vpc_association_authorization, "VPCAssociationAuthorizationNotFound", 404, **where)
    assert route53.create_vpc_association_authorization(**where)["VPC"] == vpc
    assert route53.list_vpc_association_authorizations(HostedZoneId=private)["VPCs"] == [vpc]
    theirs.associate_vpc_with_hosted_zone(**where)
    route53.delete_vpc_association_authorization(**where)
    assert vpc in route53.get_hosted_zone(Id=private)["VPCs"], "an association outlives its authorization"
    theirs.disassociate_vpc_from_hosted_zone(**where)
    assert vpc not in route53.get_hosted_zone(Id=private)["VPCs"]


def test_record_sets_are_listed_by_reversed_name_and_type_in_pages(route53, public):
    names = ["b.shop.test", "a.b.shop.test", "*.shop.test", "c.shop.test"]
    change(route53, public, *(("CREATE", record(name, "10.0.0.1")) for name in names))
    change(route53, public, ("CREATE", record("b.shop.test", '"text"', kind="TXT")))
    due = [
        (r"\052.shop.test.", "A"),
        ("b.shop.test.", "A"),
        ("b.shop.test.", "TXT"),
        ("a.b.shop.test.", "A"),
        ("c.shop.test.", "A"),
    ]
    assert record_names(route53, public) == due
    assert record_names(route53, public, StartRecordName="b.shop.test") == due[1:]
    assert record_names(route53, public, StartRecordName="b.shop.test", StartRecordType="TXT") == due[2:]
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=public, PaginationConfig={"PageSize": 2}
    )
    together = [(one["Name"], one["Type"]) for page in pages for one in page["ResourceRecordSets"]]
    assert together == [("shop.test.", "NS"), ("shop.test.", "SOA"), *due]
    assert route53.get_hosted_zone(Id=public)["HostedZone"]["ResourceRecordSetCount"] == 7
    assert_refused(route53.list_resource_record_sets, "InvalidInput", HostedZoneId=public, StartRecordType="A")
    assert_refused(route53.list_resource_record_sets, "InvalidInput", HostedZoneId=public, StartRecordName="a..b")
    limit = route53.get_hosted_zone_limit(HostedZoneId=public, Type="MAX_RRSETS_BY_ZONE")
    assert (limit["Limit"]["Value"], limit["Count"]) == (10000, 7)


def test_a_change_is_in_sync_when_dns_answers_from_it(installation, route53, public):
    installation.busy = True
    info = change(route53, public, ("CREATE", record("web.shop.test", "10.0.0.1")))
    assert (info["Status"], info["Comment"]) == ("PENDING", "why")
    assert route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "PENDING"
    installation.busy = False
    route53.get_change(Id=info["Id"])
    assert route53.get_change(Id=info["Id"])["ChangeInfo"] == {**info, "Status": "INSYNC"}
    assert_refused(route53.get_change, "NoSuchChange", 404, Id="C1")


def test_upsert_replaces_and_delete_names_what_is_there(route53, public):
    old, new = record("web.shop.test", "10.0.0.1", "10.0.0.2"), record("WEB.shop.test.", "10.0.0.3")
    change(route53, public, ("UPSERT", old))
    message = bad_change(route53, public, ("CREATE", new))
    assert message == ("[Tried to create resource record set [name='web.shop.test.', type='A'] but it already exists]")
    assert bad_change(route53, public, ("DELETE", new)) == (
        "[Tried to delete resource record set [name='web.shop.test.', type='A'] "
        "but the values provided do not match the current values]"
    )
    assert bad_change(route53, public, ("DELETE", record("x.shop.test", "10.0.0.1"))) == (
        "[Tried to delete resource record set [name='x.shop.test.', type='A'] but it was not found]"
    )
    change(route53, public, ("DELETE", record("web.shop.test", "10.0.0.2", "10.0.0.1")), ("CREATE", new))
    change(route53, public, ("UPSERT", record("web.shop.test", "10.0.0.4")))
    [web] = route53.list_resource_record_sets(HostedZoneId=public, StartRecordName="web.shop.test")[
        "ResourceRecordSets"
    ]
    assert web["ResourceRecords"] == [{"Value": "10.0.0.4"}]
    message = assert_refused(route53.delete_hosted_zone, "HostedZoneNotEmpty", Id=public)
    assert message == "The specified hosted zone contains non-required resource record sets and so cannot be deleted."


def test_a_batch_is_made_as_a_whole_or_not_at_all(route53, public):
    good, bad = record("a.shop.test", "10.0.0.1"), record("b.other.test", "10.0.0.1")
    assert bad_change(route53, public, ("CREATE", good), ("CREATE", bad)) == (
        "[RRSet with DNS name b.other.test. is not permitted in zone shop.test.]"
    )
    both = bad_change(route53, public, ("CREATE", good), ("CREATE", good))
    assert both == ("[The request contains an invalid set of changes for a resource record set 'A a.shop.test.']")
    two = [("DELETE", record(f"{name}.shop.test", "10.0.0.1")) for name in "ab"]
    assert bad_change(route53, public, *two).count("but it was not found") == 2
    assert record_names(route53, public) == []


@pytest.mark.parametrize(
    ("rrset", "message"),
    [
        (
            record("a.shop.test", "nowhere"),
            (
                "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address "
                "(Value is not a valid IPv4 address) encountered with 'nowhere''"
            ),
        ),
        (
            record("a.shop.test", "text", kind="TXT"),
            (
                "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in "
                "quotation marks) encountered with 'text''"
            ),
        ),
        (
            record("a..shop.test", "10.0.0.1"),
            "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..shop.test'",
        ),
        (
            record("shop.test", "a.shop.test", kind="CNAME"),
            "RRSet of type CNAME with DNS name shop.test. is not permitted at apex in zone shop.test.",
        ),
        (
            record("taken.shop.test", "a.shop.test", kind="CNAME"),
            (
                "RRSet of type CNAME with DNS name taken.shop.test. is not permitted as it conflicts with other "
                "records with the same DNS name in zone shop.test."
            ),
        ),
        (
            record("name.shop.test", "10.0.0.1"),
            (
                "RRSet of type A with DNS name name.shop.test. is not permitted because a conflicting RRSet of type "
                " CNAME with the same DNS name already exists in zone shop.test."
            ),
        ),
        (
            record("taken.shop.test", "10.0.0.1", SetIdentifier="blue", Weight=1),
            (
                "RRSet with DNS name taken.shop.test., type A, SetIdentifier blue cannot be created as a non-weighted "
                "set exists with the same name and type."
            ),
        ),
        (record("a.shop.test", "10.0.0.1", "10.0.0.1"), "Duplicate Resource Record: '10.0.0.1'"),
        (
            record("a.shop.test", "b.test", "c.test", kind="CNAME"),
            "RRSet of type CNAME with DNS name a.shop.test has more than one value",
        ),
    ],
)
def test_records_that_a_zone_refuses(route53, public, rrset, message):
    change(
        route53,
        public,
        ("CREATE", record("taken.shop.test", "10.0.0.1")),
        ("CREATE", record("name.shop.test", "a.test", kind="CNAME")),
    )
    problems = bad_change(route53, public, ("CREATE", rrset))[1:-1]
    assert message in problems


@pytest.mark.parametrize(
    ("rrset", "words"),
    [
        ({"Name": "a.shop.test", "Type": "A"}, "found none in Change with [Action=CREATE, Name=a.shop.test, Type=A"),
        (record("a.shop.test", "10.0.0.1", Weight=1), "Missing field 'SetIdentifier'"),
        (record("a.shop.test", "10.0.0.1", SetIdentifier="x"), "but found none"),
        (record("a.shop.test", "10.0.0.1", SetIdentifier="x", Weight=1, MultiValueAnswer=True), "more than one"),
        (record("a.shop.test", "10.0.0.1", SetIdentifier="x", Region=REGION, Weight=1), "more than one"),
        (record("a.shop.test", "10.0.0.1", SetIdentifier="x", Failover="PRIMARY"), "Failover"),
        (record("a.shop.test", "10.0.0.1", HealthCheckId="h"), "HealthCheckId"),
    ],
)
def test_members_that_do_not_belong_together_are_refused_by_name(route53, public, rrset, words):
    assert words in bad_change(route53, public, ("CREATE", rrset), code="InvalidInput")


def test_a_zone_keeps_its_own_records(route53, public):
    sets = route53.list_resource_record_sets(HostedZoneId=public)["ResourceRecordSets"]
    for own, message in zip(
        sets,
        (
            "A HostedZone must contain at least one NS record for the zone itself.",
            "A HostedZone must contain exactly one SOA record.",
        ),
        strict=True,
    ):
        assert bad_change(route53, public, ("DELETE", own)) == f"[{message}]"
        change(route53, public, ("UPSERT", {**own, "TTL": 60}))


def test_an_alias_targets_a_record_or_a_load_balancer_that_exists(route53, public, elb):
    balancer = elb.load_balancer()
    target = {"HostedZoneId": public, "DNSName": "web.shop.test", "EvaluateTargetHealth": False}
    alias = {"Name": "shop.test", "Type": "A", "AliasTarget": target}
    missing = "Tried to create an alias that targets web.shop.test., type A in zone {}, but that target was not found"
    assert bad_change(route53, public, ("CREATE", alias)) == f"[{missing.format(public)}]"
    change(route53, public, ("CREATE", alias), ("CREATE", record("web.shop.test", "10.0.0.1")))
    outside = {**alias, "Name": "b.shop.test", "AliasTarget": {**target, "DNSName": "web.test"}}
    assert "does not lie within the target zone" in bad_change(route53, public, ("CREATE", outside))
    both = {**alias, "TTL": 60}
    assert "more than one" in bad_change(route53, public, ("UPSERT", both), code="InvalidInput")
    zone = balancer["CanonicalHostedZoneId"]
    to_balancer = {"HostedZoneId": zone, "DNSName": f"dualstack.{balancer['DNSName']}", "EvaluateTargetHealth": True}
    change(route53, public, ("CREATE", {"Name": "lb.shop.test", "Type": "A", "AliasTarget": to_balancer}))
    [described] = route53.list_resource_record_sets(HostedZoneId=public, StartRecordName="lb.shop.test", MaxItems="1")[
        "ResourceRecordSets"
    ]
    assert described["AliasTarget"] == {**to_balancer, "DNSName": f"{to_balancer['DNSName']}."}
    gone = {**to_balancer, "DNSName": "gone-1.us-east-1.elb.localhost"}
    unknown = {"Name": "x.shop.test", "Type": "A", "AliasTarget": gone}
    assert "but that target was not found" in bad_change(route53, public, ("CREATE", unknown))


def test_a_batch_has_a_limited_size(route53, public):
    many = [record(f"n{number}.shop.test", *(f"10.0.{number}.{last}" for last in range(251))) for number in range(4)]
    message = bad_change(route53, public, *(("CREATE", rrset) for rrset in many))
    assert message == "[Number of records limit of 1000 exceeded.]"
    long = record("a.shop.test", *(f'"{number:04}{"x" * 240}"' for number in range(70)), kind="TXT")
    assert "characters limit of 32000" in bad_change(route53, public, ("UPSERT", long))


def test_tags_of_a_zone(route53, public):
    resource = {"ResourceType": "hostedzone", "ResourceId": public}
    route53.change_tags_for_resource(**resource, AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    route53.change_tags_for_resource(**resource, AddTags=[{"Key": "a", "Value": "3"}], RemoveTagKeys=["b"])
    tag_set = route53.list_tags_for_resource(**resource)["ResourceTagSet"]
    assert tag_set == {"ResourceType": "hostedzone", "ResourceId": public, "Tags": [{"Key": "a", "Value": "3"}]}
    many = route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[public])
    assert many["ResourceTagSets"] == [tag_set]
    assert_refused(
        route53.list_tags_for_resource, "NoSuchHostedZone", 404, ResourceType="hostedzone", ResourceId=NOWHERE
    )
    assert_refused(route53.list_tags_for_resource, "InvalidInput", ResourceType="healthcheck", ResourceId="h")


def test_the_zone_of_a_namespace_is_shown_and_managed_by_cloud_map(installation, route53, net):
    cloud_map = installation.client("servicediscovery")
    cloud_map.create_private_dns_namespace(Name="apps.internal", Vpc=net.vpc)
    [namespace] = cloud_map.list_namespaces()["Namespaces"]
    service = cloud_map.create_service(
        Name="web",
        NamespaceId=namespace["Id"],
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 5}]},
    )["Service"]
    cloud_map.register_instance(ServiceId=service["Id"], InstanceId="i-1", Attributes={"AWS_INSTANCE_IPV4": "10.1.1.9"})
    identity = namespace["Properties"]["DnsProperties"]["HostedZoneId"]
    zone = SimpleNamespace(**route53.get_hosted_zone(Id=identity))
    assert zone.HostedZone["Name"] == "apps.internal."
    assert zone.HostedZone["ResourceRecordSetCount"] == 3
    assert zone.HostedZone["LinkedService"] == {
        "ServicePrincipal": "servicediscovery.amazonaws.com",
        "Description": namespace["Arn"],
    }
    assert zone.VPCs == [{"VPCRegion": REGION, "VPCId": net.vpc}]
    assert [one["Id"] for one in route53.list_hosted_zones()["HostedZones"]] == [f"/hostedzone/{identity}"]
    [summary] = route53.list_hosted_zones_by_vpc(VPCId=net.vpc, VPCRegion=REGION)["HostedZoneSummaries"]
    assert summary["Owner"] == {"OwningService": "servicediscovery.amazonaws.com"}
    *_, web = route53.list_resource_record_sets(HostedZoneId=identity)["ResourceRecordSets"]
    assert web == {
        "Name": "web.apps.internal.",
        "Type": "A",
        "SetIdentifier": "i-1",
        "MultiValueAnswer": True,
        "TTL": 5,
        "ResourceRecords": [{"Value": "10.1.1.9"}],
    }
    managed = f"The resource hostedzone/{identity} can only be managed through AWS Cloud Map ({namespace['Arn']})"
    assert assert_refused(route53.delete_hosted_zone, "AccessDenied", 403, Id=identity) == managed
    vpc = {"VPCRegion": REGION, "VPCId": net.vpc}
    assert_refused(lambda: create(route53, "apps.internal", VPC=vpc), "ConflictingDomainExists")


def test_a_namespace_can_not_have_the_name_of_a_private_zone_of_its_vpc(installation, private, net):
    cloud_map = installation.client("servicediscovery")
    started = cloud_map.create_private_dns_namespace(Name="shop.internal", Vpc=net.vpc)
    operation = cloud_map.get_operation(OperationId=started["OperationId"])["Operation"]
    assert (operation["Status"], operation["ErrorCode"]) == ("FAIL", "CANNOT_CREATE_HOSTED_ZONE")
    assert operation["ErrorMessage"] == (
        f"The VPC {net.vpc} in region {REGION} has already been associated with the hosted zone {private} "
        "with the same domain name."
    )
    assert cloud_map.list_namespaces()["Namespaces"] == []


def test_a_name_has_a_hundred_weighted_records_of_a_type(route53, public):
    def weighted_records(*numbers):
        named = (record("web.shop.test", "10.0.0.1", SetIdentifier=f"{number:04}", Weight=1) for number in numbers)
        return [("CREATE", rrset) for rrset in named]

    message = "[Number of RRSets limit of 100 with DNS name web.shop.test. and type A exceeded.]"
    assert bad_change(route53, public, *weighted_records(*range(1000))) == message
    change(route53, public, *weighted_records(*range(100)))
    assert bad_change(route53, public, *weighted_records(100)) == message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("A", r"\# 4 0a000001"),
        ("A", "10.0.0.1 ; why"),
        ("MX", "( 10 a.test )"),
        ("TXT", r'"\089"'),
        ("SRV", "1 2 (\n3 a.)"),
    ],
)
def test_syntax_of_zone_files_is_no_value(route53, public, kind, value):
    assert f"{kind}RRDATAInvalid" in bad_change(route53, public, ("CREATE", record("a.shop.test", value, kind=kind)))


def test_a_change_belongs_to_the_account_that_made_it(installation, route53, private):
    other = installation.client("route53", OTHER)
    identity = installation.client("ec2", OTHER).create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    vpc = {"VPCRegion": REGION, "VPCId": identity}
    route53.create_vpc_association_authorization(HostedZoneId=private, VPC=vpc)
    info = other.associate_vpc_with_hosted_zone(HostedZoneId=private, VPC=vpc)["ChangeInfo"]
    assert other.get_change(Id=info["Id"])["ChangeInfo"]["Id"] == info["Id"]
    assert_refused(route53.get_change, "NoSuchChange", 404, Id=info["Id"])


@pytest.mark.parametrize("name", ["com", "internal.", "amazonaws.com", "s3.amazonaws.com", "dns.localhost"])
def test_names_of_public_zones_that_are_refused(route53, vpc, name):
    assert_refused(route53.create_hosted_zone, "InvalidDomainName", Name=name, CallerReference="1")
    create(route53, name, VPC=vpc)
