"""Cloud Map as its SDK sees it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.sandbox.state import Health
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId, InstanceId
from moyai.testing.world import SCOPE, container


@pytest.fixture
def cloud_map(installation):
    return installation.client("servicediscovery")


@pytest.fixture
def cart(installation):
    """The service ``cart`` in ``shop`` with three instances, one of them unhealthy."""
    namespace = installation.builder.namespace("shop")
    arn = DiscoveryServiceArn(f"arn:aws:servicediscovery:us-east-1:{SCOPE.account}:service/srv-cart")
    service = DiscoveryService(
        arn, DiscoveryServiceId("srv-cart"), "cart", namespace, installation.now, custom_health=True
    )
    zones = ("a", "b", "a")
    instances = [
        DiscoveryInstance(
            arn,
            InstanceId(f"task{n}"),
            {"AWS_INSTANCE_IPV4": f"172.31.0.{n}", "AWS_INSTANCE_PORT": "80", "AVAILABILITY_ZONE": zone},
            installation.now,
            Health.UNHEALTHY if n == 2 else Health.HEALTHY,
        )
        for n, zone in enumerate(zones)
    ]
    installation.store.apply([Put(service), *map(Put, instances)])
    return service


def discovered_ids(cloud_map, **params):
    answer = cloud_map.discover_instances(NamespaceName="shop", ServiceName="cart", **params)
    return [instance["InstanceId"] for instance in answer["Instances"]]


def test_a_namespace_from_creation_to_deletion(cloud_map):
    operation = cloud_map.create_http_namespace(Name="shop", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    finished_operation = cloud_map.get_operation(OperationId=operation["OperationId"])["Operation"]
    assert (finished_operation["Status"], finished_operation["Type"]) == ("SUCCESS", "CREATE_NAMESPACE")
    namespace = cloud_map.get_namespace(Id=finished_operation["Targets"]["NAMESPACE"])["Namespace"]
    assert (namespace["Name"], namespace["Type"], namespace["Description"]) == ("shop", "HTTP", "d")
    assert namespace["Properties"]["HttpProperties"]["HttpName"] == "shop"
    assert (namespace["ServiceCount"], namespace["ResourceOwner"]) == (0, "123456789012")
    assert namespace["CreateDate"].year == 2027
    assert cloud_map.get_namespace(Id=namespace["Arn"])["Namespace"]["Id"] == namespace["Id"]
    assert cloud_map.list_tags_for_resource(ResourceARN=namespace["Arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    operation_id = cloud_map.delete_namespace(Id=namespace["Id"])["OperationId"]
    assert cloud_map.get_operation(OperationId=operation_id)["Operation"]["Type"] == "DELETE_NAMESPACE"
    with pytest.raises(cloud_map.exceptions.NamespaceNotFound, match="Namespace not found"):
        cloud_map.get_namespace(Id=namespace["Id"])
    operations = cloud_map.list_operations(Filters=[{"Name": "NAMESPACE_ID", "Values": [namespace["Id"]]}])[
        "Operations"
    ]
    assert {one["Id"] for one in operations} == {operation["OperationId"], operation_id}


def test_a_private_namespace_knows_its_vpc(cloud_map):
    vpc = default_vpc(SCOPE).id
    properties = {"DnsProperties": {"SOA": {"TTL": 60}}}
    private_dns_namespace = cloud_map.create_private_dns_namespace(Name="shop.local", Vpc=vpc, Properties=properties)
    target = cloud_map.get_operation(OperationId=private_dns_namespace["OperationId"])["Operation"]["Targets"][
        "NAMESPACE"
    ]
    namespace = cloud_map.get_namespace(Id=target)["Namespace"]
    assert namespace["Type"] == "DNS_PRIVATE"
    assert namespace["Properties"]["DnsProperties"]["SOA"]["TTL"] == 60
    with pytest.raises(cloud_map.exceptions.InvalidInput, match="vpc-none does not exist"):
        cloud_map.create_private_dns_namespace(Name="other.local", Vpc="vpc-none")


def test_the_same_request_again_is_the_same_operation(cloud_map):
    first = cloud_map.create_http_namespace(Name="shop", CreatorRequestId="once")
    assert cloud_map.create_http_namespace(Name="shop", CreatorRequestId="once")["OperationId"] == first["OperationId"]
    with pytest.raises(cloud_map.exceptions.DuplicateRequest) as exc_info:
        cloud_map.create_http_namespace(Name="other", CreatorRequestId="once")
    assert exc_info.value.response["DuplicateOperationId"] == first["OperationId"]
    with pytest.raises(cloud_map.exceptions.NamespaceAlreadyExists) as exists:
        cloud_map.create_http_namespace(Name="shop", CreatorRequestId="twice")
    assert exists.value.response["NamespaceId"].startswith("ns-")


def test_namespaces_are_listed_by_filters_and_pages(cloud_map):
    for name in ("shop", "shop2", "bank"):
        cloud_map.create_http_namespace(Name=name)
    pages = cloud_map.get_paginator("list_namespaces").paginate(PaginationConfig={"PageSize": 1})
    assert sorted(namespace["Name"] for page in pages for namespace in page["Namespaces"]) == ["bank", "shop", "shop2"]
    begins = [{"Name": "NAME", "Values": ["shop"], "Condition": "BEGINS_WITH"}]
    assert len(cloud_map.list_namespaces(Filters=begins)["Namespaces"]) == 2
    both = [{"Name": "TYPE", "Values": ["HTTP"]}, {"Name": "HTTP_NAME", "Values": ["bank"]}]
    assert len(cloud_map.list_namespaces(Filters=both)["Namespaces"]) == 1
    others = [{"Name": "RESOURCE_OWNER", "Values": ["OTHER_ACCOUNTS"]}]
    assert cloud_map.list_namespaces(Filters=others)["Namespaces"] == []


@pytest.mark.parametrize(
    ("call", "params", "message"),
    [
        ("create_http_namespace", {"Name": "arn:x"}, "'Name'|'name'"),
        ("create_http_namespace", {}, "Member must not be null"),
        ("create_http_namespace", {"Name": "x", "Tags": [{"Key": "aws:x", "Value": ""}]}, "reserved"),
        ("list_namespaces", {"Filters": [{"Name": "TYPE", "Values": ["HTTP"], "Condition": "BETWEEN"}]}, "EQ, IN"),
        ("list_namespaces", {"Filters": [{"Name": "NAME", "Values": ["a", "b"]}]}, "takes one value"),
        ("list_namespaces", {"NextToken": "bogus"}, "token"),
        ("list_namespaces", {"MaxResults": 101}, "MaxResults|maxResults"),
        (
            "list_operations",
            {"Filters": [{"Name": "UPDATE_DATE", "Values": ["yesterday", "1"], "Condition": "BETWEEN"}]},
            "seconds since 1970",
        ),
    ],
)
def test_bad_input(cloud_map, call, params, message):
    with pytest.raises(cloud_map.exceptions.InvalidInput, match=message):
        getattr(cloud_map, call)(**params)
    assert cloud_map.list_namespaces()["Namespaces"] == []


def test_a_namespace_of_another_account_that_is_not_shared_is_not_found(cloud_map):
    with pytest.raises(cloud_map.exceptions.NamespaceNotFound):
        cloud_map.discover_instances(NamespaceName="a", ServiceName="b", OwnerAccount="111122223333")


def test_services_and_instances(cloud_map, cart):
    namespace = cart.namespace.rpartition("/")[2]
    for value in (namespace, cart.namespace):
        [service] = cloud_map.list_services(Filters=[{"Name": "NAMESPACE_ID", "Values": [value]}])["Services"]
        assert (service["Name"], service["InstanceCount"], service["Type"]) == ("cart", 3, "HTTP")
    assert cloud_map.get_service(Id="srv-cart")["Service"]["NamespaceId"] == namespace
    pages = cloud_map.get_paginator("list_instances").paginate(ServiceId="srv-cart", PaginationConfig={"PageSize": 2})
    assert [each_instance["Id"] for page in pages for each_instance in page["Instances"]] == ["task0", "task1", "task2"]
    instance = cloud_map.get_instance(ServiceId=cart.arn, InstanceId="task1")["Instance"]
    assert instance["Attributes"]["AWS_INSTANCE_IPV4"] == "172.31.0.1"
    with pytest.raises(cloud_map.exceptions.InstanceNotFound):
        cloud_map.get_instance(ServiceId="srv-cart", InstanceId="none")
    with pytest.raises(cloud_map.exceptions.ServiceNotFound):
        cloud_map.get_service(Id="srv-none")
    with pytest.raises(cloud_map.exceptions.ResourceInUse, match="associated services"):
        cloud_map.delete_namespace(Id=namespace)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["task0", "task1"]),
        ({"HealthStatus": "ALL"}, ["task0", "task1", "task2"]),
        ({"HealthStatus": "UNHEALTHY"}, ["task2"]),
        ({"HealthStatus": "HEALTHY"}, ["task0", "task1"]),
        ({"MaxResults": 1}, ["task0"]),
        ({"QueryParameters": {"AVAILABILITY_ZONE": "b"}}, ["task1"]),
        ({"QueryParameters": {"AVAILABILITY_ZONE": "c"}}, []),
        ({"OptionalParameters": {"AVAILABILITY_ZONE": "b"}}, ["task1"]),
        ({"OptionalParameters": {"AVAILABILITY_ZONE": "c"}}, ["task0", "task1"]),
        ({"QueryParameters": {"AWS_INSTANCE_PORT": "80"}, "OptionalParameters": {"x": "y"}}, ["task0", "task1"]),
    ],
)
def test_discovery(cloud_map, cart, params, expected):
    assert discovered_ids(cloud_map, **params) == expected


def test_discovery_fails_open(cloud_map, installation, cart):
    sick = [
        replace(discovery_instance, health=Health.UNHEALTHY)
        for discovery_instance in installation.store.world.discovery_instances
    ]
    installation.store.apply([Put(one) for one in sick])
    assert discovered_ids(cloud_map) == ["task0", "task1", "task2"]
    assert discovered_ids(cloud_map, HealthStatus="HEALTHY") == []


def test_a_service_without_health_checks_returns_all_instances(cloud_map, installation, cart):
    installation.store.apply([Put(replace(cart, custom_health=False))])
    assert discovered_ids(cloud_map, HealthStatus="UNHEALTHY") == ["task0", "task1", "task2"]


def test_the_revision_changes_with_the_instances_and_not_with_their_health(cloud_map, cart):
    def revision():
        return cloud_map.discover_instances_revision(NamespaceName="shop", ServiceName="cart")["InstancesRevision"]

    seen = [revision()]
    cloud_map.register_instance(ServiceId=cart.id, InstanceId="new", CreatorRequestId="1", Attributes={})
    seen.append(revision())
    cloud_map.update_instance_custom_health_status(ServiceId=cart.id, InstanceId="new", Status="UNHEALTHY")
    assert revision() == seen[-1]
    cloud_map.register_instance(ServiceId=cart.id, InstanceId="new", CreatorRequestId="2", Attributes={"a": "b"})
    seen.append(revision())
    cloud_map.deregister_instance(ServiceId=cart.id, InstanceId="new")
    seen.append(revision())
    assert seen == sorted(set(seen))
    answer = cloud_map.discover_instances(NamespaceName="shop", ServiceName="cart")
    assert answer["InstancesRevision"] == seen[-1]


def test_unknown_names_are_not_found(cloud_map, cart):
    with pytest.raises(cloud_map.exceptions.NamespaceNotFound):
        cloud_map.discover_instances(NamespaceName="none", ServiceName="cart")
    with pytest.raises(cloud_map.exceptions.ServiceNotFound):
        cloud_map.discover_instances(NamespaceName="shop", ServiceName="none")


def test_another_account_sees_nothing(installation, cart):
    stranger = installation.client("servicediscovery", key="111122223333")
    assert stranger.list_namespaces()["Namespaces"] == []
    with pytest.raises(stranger.exceptions.NamespaceNotFound):
        stranger.get_namespace(Id=cart.namespace)
    with pytest.raises(stranger.exceptions.ServiceNotFound):
        stranger.get_service(Id=cart.arn)


def test_tags(cloud_map, cart):
    cloud_map.tag_resource(ResourceARN=cart.arn, Tags=[{"Key": "k", "Value": "1"}, {"Key": "l", "Value": "2"}])
    cloud_map.untag_resource(ResourceARN=cart.arn, TagKeys=["l", "none"])
    assert cloud_map.list_tags_for_resource(ResourceARN=cart.arn)["Tags"] == [{"Key": "k", "Value": "1"}]
    with pytest.raises(cloud_map.exceptions.TooManyTagsException):
        cloud_map.tag_resource(ResourceARN=cart.arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(60)])
    with pytest.raises(cloud_map.exceptions.ResourceNotFoundException):
        cloud_map.list_tags_for_resource(ResourceARN="arn:aws:servicediscovery:us-east-1:123456789012:service/none")


def test_service_connect_services_are_visible(cloud_map, installation):
    builder = installation.builder
    builder.service("web", builder.definition("web", container("http", port=8080)), offers=["http"])
    [service] = cloud_map.list_services()["Services"]
    assert service["Name"] == "web-http"
    assert cloud_map.discover_instances(NamespaceName="shop", ServiceName="web-http")["Instances"] == []
