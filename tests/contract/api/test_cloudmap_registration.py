"""Services and instances as clients of Cloud Map make them, over both protocols of its model."""

from __future__ import annotations

import pytest

from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.testing.world import SCOPE, container
from tests.contract.api.installation import Installation

VPC = default_vpc(SCOPE).id
A = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
SRV = {"DnsRecords": [{"Type": "SRV", "TTL": 10}]}
CNAME = {"DnsRecords": [{"Type": "CNAME", "TTL": 10}], "RoutingPolicy": "WEIGHTED"}
CUSTOM = {"FailureThreshold": 1}
HTTP_CHECK = {"Type": "HTTP", "ResourcePath": "/health", "FailureThreshold": 2}

CHANGES: tuple[tuple[str, dict[str, object]], ...] = (
    ("register_instance", {"Attributes": {}}),
    ("deregister_instance", {}),
)


@pytest.fixture(params=["json", "smithy-rpc-v2-cbor"])
def cloud_map(installation, request):
    return installation.client("servicediscovery", protocol=request.param)


@pytest.fixture
def namespaces(cloud_map):
    """One of each type, by type."""
    members = {
        "HTTP": cloud_map.create_http_namespace(Name="shop"),
        "DNS_PRIVATE": cloud_map.create_private_dns_namespace(Name="shop.local", Vpc=VPC),
        "DNS_PUBLIC": cloud_map.create_public_dns_namespace(
            Name="shop.example.com", Properties={"DnsProperties": {"SOA": {"TTL": 60}}}
        ),
    }
    return {kind: operation(cloud_map, answer)["Targets"]["NAMESPACE"] for kind, answer in members.items()}


def operation(cloud_map, answer):
    return cloud_map.get_operation(OperationId=answer["OperationId"])["Operation"]


def service(cloud_map, namespace, name="cart", **params):
    return cloud_map.create_service(Name=name, NamespaceId=namespace, **params)["Service"]["Id"]


def register(cloud_map, service_id, instance="i1", **attributes):
    request = f"{instance}-{len(attributes)}"
    answer = cloud_map.register_instance(
        ServiceId=service_id, InstanceId=instance, CreatorRequestId=request, Attributes=attributes
    )
    return operation(cloud_map, answer)


def test_a_public_namespace_from_creation_to_deletion(cloud_map, namespaces):
    namespace = cloud_map.get_namespace(Id=namespaces["DNS_PUBLIC"])["Namespace"]
    assert (namespace["Type"], namespace["Properties"]["DnsProperties"]["SOA"]["TTL"]) == ("DNS_PUBLIC", 60)
    update_public_dns_namespace = cloud_map.update_public_dns_namespace(
        Id=namespace["Arn"],
        Namespace={"Description": "new", "Properties": {"DnsProperties": {"SOA": {"TTL": 0}}}},
        UpdaterRequestId="u",
    )
    assert operation(cloud_map, update_public_dns_namespace)["Type"] == "UPDATE_NAMESPACE"
    namespace = cloud_map.get_namespace(Id=namespace["Id"])["Namespace"]
    assert (namespace["Description"], namespace["Properties"]["DnsProperties"]["SOA"]["TTL"]) == ("new", 0)
    removed_operation = operation(cloud_map, cloud_map.delete_namespace(Id=namespace["Id"]))
    assert (removed_operation["Status"], removed_operation["Type"]) == ("SUCCESS", "DELETE_NAMESPACE")


def test_namespaces_are_changed_by_the_call_of_their_type(cloud_map, namespaces):
    cloud_map.update_http_namespace(Id=namespaces["HTTP"], Namespace={"Description": "h"})
    cloud_map.update_private_dns_namespace(Id=namespaces["DNS_PRIVATE"], Namespace={"Description": "p"})
    told = {namespace["Type"]: namespace.get("Description") for namespace in cloud_map.list_namespaces()["Namespaces"]}
    assert told == {"HTTP": "h", "DNS_PRIVATE": "p", "DNS_PUBLIC": None}
    with pytest.raises(cloud_map.exceptions.InvalidInput, match="is of the type HTTP"):
        cloud_map.update_public_dns_namespace(Id=namespaces["HTTP"], Namespace={"Description": "x"})
    with pytest.raises(cloud_map.exceptions.NamespaceNotFound):
        cloud_map.update_http_namespace(Id="ns-none", Namespace={"Description": "x"})


def test_an_operation_is_submitted_and_later_succeeds(installation, cloud_map):
    installation.busy = True
    answer = cloud_map.create_http_namespace(Name="shop", CreatorRequestId="once")
    assert operation(cloud_map, answer)["Status"] == "SUBMITTED"
    assert cloud_map.list_namespaces()["Namespaces"] == []
    assert cloud_map.create_http_namespace(Name="shop", CreatorRequestId="once")["OperationId"] == answer["OperationId"]
    with pytest.raises(cloud_map.exceptions.DuplicateRequest, match="is in progress") as exc_info:
        cloud_map.create_http_namespace(Name="shop")
    assert exc_info.value.response["DuplicateOperationId"] == answer["OperationId"]
    installation.settle()
    assert operation(cloud_map, answer)["Status"] == "SUCCESS"
    submitted = [{"Name": "STATUS", "Values": ["SUBMITTED"]}]
    assert cloud_map.list_operations(Filters=submitted)["Operations"] == []


def test_an_instance_has_one_running_operation_at_a_time(installation, cloud_map, namespaces):
    cart = service(cloud_map, namespaces["HTTP"])
    installation.busy = True
    first = cloud_map.register_instance(ServiceId=cart, InstanceId="i", CreatorRequestId="1", Attributes={"a": "b"})
    for call, params in CHANGES:
        with pytest.raises(cloud_map.exceptions.DuplicateRequest, match="type REGISTER_INSTANCE") as exc_info:
            getattr(cloud_map, call)(ServiceId=cart, InstanceId="i", **params)
        assert exc_info.value.response["DuplicateOperationId"] == first["OperationId"]
    with pytest.raises(cloud_map.exceptions.ResourceInUse, match="contains registered instances"):
        cloud_map.delete_service(Id=cart)
    with pytest.raises(cloud_map.exceptions.DuplicateRequest, match="used for another request"):
        cloud_map.register_instance(ServiceId=cart, InstanceId="j", CreatorRequestId="1", Attributes={})
    installation.settle()
    assert operation(cloud_map, first)["Targets"] == {
        "INSTANCE": "i",
        "SERVICE": cart,
        "NAMESPACE": namespaces["HTTP"],
    }
    same = {"ServiceId": cart, "InstanceId": "i", "CreatorRequestId": "1", "Attributes": {"a": "b"}}
    assert cloud_map.register_instance(**same)["OperationId"] == first["OperationId"]
    installation.busy = False
    cloud_map.deregister_instance(ServiceId=cart, InstanceId="i")
    assert cloud_map.register_instance(**same)["OperationId"] != first["OperationId"]
    assert cloud_map.get_instance(ServiceId=cart, InstanceId="i")["Instance"]["Attributes"] == {"a": "b"}


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("HTTP", {}, {"Type": "HTTP"}),
        ("HTTP", {"HealthCheckConfig": HTTP_CHECK}, {"HealthCheckConfig": HTTP_CHECK}),
        (
            "HTTP",
            {"HealthCheckCustomConfig": {"FailureThreshold": 9}},
            {"HealthCheckCustomConfig": {"FailureThreshold": 1}},
        ),
        ("DNS_PRIVATE", {"DnsConfig": A}, {"Type": "DNS_HTTP"}),
        ("DNS_PRIVATE", {"DnsConfig": CNAME, "Name": "."}, {"Name": "."}),
        ("DNS_PRIVATE", {"Type": "HTTP"}, {"Type": "HTTP"}),
        ("DNS_PUBLIC", {"DnsConfig": SRV, "HealthCheckConfig": {"Type": "TCP"}}, {"Type": "DNS_HTTP"}),
    ],
)
def test_valid_services_are_created(cloud_map, namespaces, kind, params, expected):
    answer = cloud_map.create_service(**{"Name": "cart", "NamespaceId": namespaces[kind]} | params)["Service"]
    assert answer["NamespaceId"] == namespaces[kind]
    assert answer | expected == answer
    if "DnsConfig" in params:
        assert answer["DnsConfig"]["DnsRecords"] == params["DnsConfig"]["DnsRecords"]
        assert answer["DnsConfig"]["RoutingPolicy"] == params["DnsConfig"].get("RoutingPolicy", "MULTIVALUE")
    [listed_service] = cloud_map.list_services()["Services"]
    assert listed_service | expected == listed_service
    cloud_map.delete_service(Id=answer["Arn"])
    with pytest.raises(cloud_map.exceptions.ServiceNotFound):
        cloud_map.get_service(Id=answer["Id"])


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("HTTP", {"DnsConfig": A}, "is an HTTP namespace"),
        ("DNS_PRIVATE", {}, "set Type to HTTP"),
        ("DNS_PRIVATE", {"DnsConfig": A, "Type": "HTTP"}, "has no DNS records"),
        ("DNS_PRIVATE", {"DnsConfig": {"DnsRecords": []}}, "can be any of A"),
        ("DNS_PRIVATE", {"DnsConfig": {"DnsRecords": A["DnsRecords"] * 2}}, "can be any of A"),
        ("DNS_PRIVATE", {"DnsConfig": {"DnsRecords": [*A["DnsRecords"], *CNAME["DnsRecords"]]}}, "can be any of A"),
        ("DNS_PRIVATE", {"DnsConfig": CNAME | {"RoutingPolicy": "MULTIVALUE"}}, "must be WEIGHTED"),
        ("DNS_PRIVATE", {"DnsConfig": A, "HealthCheckConfig": {"Type": "TCP"}}, "public DNS and HTTP namespaces"),
        ("DNS_PUBLIC", {"DnsConfig": CNAME, "HealthCheckConfig": {"Type": "TCP"}}, "CNAME record can't have"),
        ("DNS_PUBLIC", {"DnsConfig": A, "HealthCheckConfig": HTTP_CHECK | {"Type": "TCP"}}, "has no ResourcePath"),
        ("DNS_PUBLIC", {"DnsConfig": A, "HealthCheckConfig": {"Type": "HTTP", "ResourcePath": "/ x"}}, "no spaces"),
        ("HTTP", {"HealthCheckConfig": HTTP_CHECK, "HealthCheckCustomConfig": {}}, "not both"),
        ("HTTP", {"Name": "under score"}, "'Name'|'name'"),
        ("DNS_PRIVATE", {"DnsConfig": A, "Name": ".".join(["a" * 60] * 2) + ".b" * 2, "NamespaceId": None}, "required"),
    ],
)
def test_invalid_services_are_refused(cloud_map, namespaces, kind, params, message):
    requested_params = {"Name": "cart", "NamespaceId": namespaces[kind]} | params
    with pytest.raises(cloud_map.exceptions.InvalidInput, match=message):
        cloud_map.create_service(**{key: value for key, value in requested_params.items() if value is not None})
    assert cloud_map.list_services()["Services"] == []


def test_service_names_are_unique(cloud_map, namespaces):
    once = {"Name": "cart", "NamespaceId": namespaces["DNS_PRIVATE"], "CreatorRequestId": "r", "DnsConfig": A}
    new_service = cloud_map.create_service(**once)["Service"]
    assert cloud_map.create_service(**once)["Service"]["Id"] == new_service["Id"]
    with pytest.raises(cloud_map.exceptions.ServiceAlreadyExists) as exc_info:
        cloud_map.create_service(**once | {"Name": "CART"})
    response = exc_info.value.response
    assert (response["ServiceId"], response["ServiceArn"], response["CreatorRequestId"]) == (
        new_service["Id"],
        new_service["Arn"],
        "r",
    )
    service(cloud_map, namespaces["HTTP"], "cart")
    service(cloud_map, namespaces["HTTP"], "CART")
    with pytest.raises(cloud_map.exceptions.NamespaceNotFound):
        service(cloud_map, "ns-none")
    older = {"DnsConfig": A | {"NamespaceId": namespaces["DNS_PRIVATE"]}}
    assert cloud_map.create_service(Name="old", **older)["Service"]["NamespaceId"] == namespaces["DNS_PRIVATE"]
    with pytest.raises(cloud_map.exceptions.InvalidInput, match="different namespaces"):
        cloud_map.create_service(Name="x", NamespaceId=namespaces["HTTP"], **older)


def test_a_service_is_changed(cloud_map, namespaces):
    both = {"DnsRecords": [{"Type": "A", "TTL": 10}, {"Type": "AAAA", "TTL": 10}]}
    cart = service(cloud_map, namespaces["DNS_PUBLIC"], DnsConfig=both, Description="d")
    only = {"DnsRecords": [{"Type": "A", "TTL": 99}]}
    answer = cloud_map.update_service(Id=cart, Service={"DnsConfig": only, "HealthCheckConfig": HTTP_CHECK})
    assert operation(cloud_map, answer)["Type"] == "UPDATE_SERVICE"
    described_service = cloud_map.get_service(Id=cart)["Service"]
    assert described_service["DnsConfig"]["DnsRecords"] == only["DnsRecords"]
    assert (described_service["HealthCheckConfig"], described_service["Description"]) == (HTTP_CHECK, "d")
    for change, message in (
        ({"DnsConfig": SRV}, "can't be changed"),
        ({"DnsConfig": A, "HealthCheckConfig": HTTP_CHECK | {"Type": "TCP"}}, "has no ResourcePath"),
    ):
        with pytest.raises(cloud_map.exceptions.InvalidInput, match=message):
            cloud_map.update_service(Id=cart, Service=change)
    cloud_map.update_service(Id=cart, Service={"Description": "e"})
    described_service = cloud_map.get_service(Id=cart)["Service"]
    assert (described_service["Type"], described_service["Description"], "HealthCheckConfig" in described_service) == (
        "HTTP",
        "e",
        False,
    )
    plain = service(cloud_map, namespaces["HTTP"], HealthCheckConfig=HTTP_CHECK)
    cloud_map.update_service(Id=plain, Service={"Description": "only this"})
    assert cloud_map.get_service(Id=plain)["Service"]["HealthCheckConfig"] == HTTP_CHECK
    with pytest.raises(cloud_map.exceptions.InvalidInput, match="only the description"):
        cloud_map.update_service(Id=plain, Service={"HealthCheckConfig": HTTP_CHECK})


@pytest.mark.parametrize(
    ("kind", "params", "attributes"),
    [
        ("HTTP", {}, {}),
        ("HTTP", {}, {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "1", "zone": "a b"}),
        ("HTTP", {"HealthCheckCustomConfig": {}}, {"AWS_INIT_HEALTH_STATUS": "UNHEALTHY"}),
        ("DNS_PRIVATE", {"DnsConfig": A}, {"AWS_INSTANCE_IPV4": "10.0.0.1"}),
        ("DNS_PRIVATE", {"DnsConfig": SRV}, {"AWS_INSTANCE_IPV6": "fd00::1", "AWS_INSTANCE_PORT": "65535"}),
        ("DNS_PRIVATE", {"DnsConfig": CNAME}, {"AWS_INSTANCE_CNAME": "db.example.com."}),
        ("DNS_PRIVATE", {"DnsConfig": A | {"RoutingPolicy": "WEIGHTED"}}, {"AWS_ALIAS_DNS_NAME": "lb.example.com"}),
        ("HTTP", {}, {f"k{n}": "v" for n in range(30)} | {"AWS_INSTANCE_PORT": "1"}),
    ],
)
def test_valid_instances_are_registered(cloud_map, namespaces, kind, params, attributes):
    cart = service(cloud_map, namespaces[kind], **params)
    assert register(cloud_map, cart, **attributes)["Status"] == "SUCCESS"
    instance = cloud_map.get_instance(ServiceId=cart, InstanceId="i1")["Instance"]
    assert (instance["Attributes"], instance["CreatorRequestId"]) == (attributes, f"i1-{len(attributes)}")
    health = attributes.get("AWS_INIT_HEALTH_STATUS", "UNKNOWN")
    assert cloud_map.get_instances_health_status(ServiceId=cart)["Status"] == {"i1": health}
    answer = cloud_map.deregister_instance(ServiceId=cart, InstanceId="i1")
    assert operation(cloud_map, answer)["Status"] == "SUCCESS"
    assert cloud_map.list_instances(ServiceId=cart)["Instances"] == []
    with pytest.raises(cloud_map.exceptions.InstanceNotFound):
        cloud_map.deregister_instance(ServiceId=cart, InstanceId="i1")


@pytest.mark.parametrize(
    ("kind", "params", "attributes", "message"),
    [
        ("DNS_PRIVATE", {"DnsConfig": A}, {}, "AWS_INSTANCE_IPV4 is required"),
        ("DNS_PRIVATE", {"DnsConfig": A}, {"AWS_INSTANCE_IPV4": "10.0.0.256"}, "AWS_INSTANCE_IPV4 is not valid"),
        ("DNS_PRIVATE", {"DnsConfig": SRV}, {"AWS_INSTANCE_PORT": "80"}, "AWS_INSTANCE_IPV4 or AWS_INSTANCE_IPV6"),
        ("DNS_PRIVATE", {"DnsConfig": SRV}, {"AWS_INSTANCE_IPV4": "10.0.0.1"}, "AWS_INSTANCE_PORT is required"),
        ("DNS_PRIVATE", {"DnsConfig": CNAME}, {}, "AWS_INSTANCE_CNAME is required"),
        ("DNS_PRIVATE", {"DnsConfig": CNAME}, {"AWS_INSTANCE_CNAME": "a..b"}, "AWS_INSTANCE_CNAME is not valid"),
        ("DNS_PRIVATE", {"DnsConfig": A}, {"AWS_ALIAS_DNS_NAME": "lb.example.com"}, "WEIGHTED"),
        ("DNS_PRIVATE", {"DnsConfig": SRV}, {"AWS_ALIAS_DNS_NAME": "lb.example.com"}, "A or AAAA"),
        (
            "DNS_PRIVATE",
            {"DnsConfig": A | {"RoutingPolicy": "WEIGHTED"}},
            {"AWS_ALIAS_DNS_NAME": "lb.example.com", "AWS_INSTANCE_IPV4": "10.0.0.1"},
            "together with AWS_ALIAS_DNS_NAME",
        ),
        ("DNS_PRIVATE", {"DnsConfig": A}, {"AWS_EC2_INSTANCE_ID": "i-1"}, "for HTTP namespaces"),
        ("HTTP", {}, {"AWS_EC2_INSTANCE_ID": "i-1", "a": "b"}, "together with AWS_EC2_INSTANCE_ID"),
        ("HTTP", {}, {"AWS_EC2_INSTANCE_ID": "i-1"}, "i-1 does not exist"),
        ("HTTP", {}, {"AWS_INIT_HEALTH_STATUS": "HEALTHY"}, "HealthCheckCustomConfig"),
        ("HTTP", {"HealthCheckCustomConfig": {}}, {"AWS_INIT_HEALTH_STATUS": "UNKNOWN"}, "is not valid"),
        ("HTTP", {"HealthCheckConfig": HTTP_CHECK}, {"AWS_INSTANCE_IPV4": "10.0.0.1"}, "has a health check"),
        ("HTTP", {"HealthCheckConfig": HTTP_CHECK}, {"AWS_INSTANCE_PORT": "80"}, "has a health check"),
        ("HTTP", {}, {"AWS_INSTANCE_PORT": "0"}, "AWS_INSTANCE_PORT is not valid"),
        ("HTTP", {}, {"AWS_OTHER": "1"}, "reserved"),
        ("HTTP", {}, {f"k{n}": "v" for n in range(31)}, "30 custom attributes"),
        ("HTTP", {}, {f"k{n}": "v" * 1000 for n in range(5)}, "5000 characters"),
        ("HTTP", {}, {"k" * 256: "v"}, "255"),
        ("HTTP", {}, {"k": "v" * 1025}, "1024"),
    ],
)
def test_invalid_instances_are_refused(cloud_map, namespaces, kind, params, attributes, message):
    cart = service(cloud_map, namespaces[kind], **params)
    with pytest.raises(cloud_map.exceptions.InvalidInput, match=message):
        register(cloud_map, cart, **attributes)
    assert cloud_map.list_instances(ServiceId=cart)["Instances"] == []


def test_the_same_id_replaces_the_instance_and_its_health(cloud_map, namespaces):
    cart = service(cloud_map, namespaces["HTTP"], HealthCheckCustomConfig={"FailureThreshold": 1})
    register(cloud_map, cart, a="1")
    cloud_map.update_instance_custom_health_status(ServiceId=cart, InstanceId="i1", Status="UNHEALTHY")
    assert cloud_map.get_instances_health_status(ServiceId=cart, Instances=["i1"])["Status"] == {"i1": "UNHEALTHY"}
    register(cloud_map, cart, a="2", b="3")
    [instance] = cloud_map.discover_instances(NamespaceName="shop", ServiceName="cart", HealthStatus="ALL")["Instances"]
    assert (instance["Attributes"], instance["HealthStatus"]) == ({"a": "2", "b": "3"}, "HEALTHY")
    assert cloud_map.get_service(Id=cart)["Service"]["InstanceCount"] == 1


def test_custom_health_is_updated_only_where_configured(cloud_map, namespaces):
    plain = service(cloud_map, namespaces["HTTP"])
    register(cloud_map, plain)
    with pytest.raises(cloud_map.exceptions.CustomHealthNotFound):
        cloud_map.update_instance_custom_health_status(ServiceId=plain, InstanceId="i1", Status="HEALTHY")
    with pytest.raises(cloud_map.exceptions.InstanceNotFound):
        cloud_map.get_instances_health_status(ServiceId=plain, Instances=["i1", "none"])
    for instance in ("i2", "i3"):
        register(cloud_map, plain, instance)
    first = cloud_map.get_instances_health_status(ServiceId=plain, MaxResults=2)
    rest = cloud_map.get_instances_health_status(ServiceId=plain, MaxResults=2, NextToken=first["NextToken"])
    assert [sorted(page["Status"]) for page in (first, rest)] == [["i1", "i2"], ["i3"]]


def test_attributes_of_services(cloud_map, namespaces):
    cart = service(cloud_map, namespaces["HTTP"])
    cloud_map.update_service_attributes(ServiceId=cart, Attributes={"a": "1", "b": "2"})
    cloud_map.update_service_attributes(ServiceId=cart, Attributes={"a": "3"})
    cloud_map.delete_service_attributes(ServiceId=cart, Attributes=["b", "none"])
    service_attributes = cloud_map.get_service_attributes(ServiceId=cart)["ServiceAttributes"]
    assert (service_attributes["Attributes"], service_attributes["ServiceArn"].rpartition("/")[2]) == ({"a": "3"}, cart)
    with pytest.raises(cloud_map.exceptions.ServiceAttributesLimitExceededException):
        cloud_map.update_service_attributes(ServiceId=cart, Attributes={f"k{n}": "v" for n in range(30)})
    with pytest.raises(cloud_map.exceptions.InvalidInput, match="is a port"):
        cloud_map.update_service_attributes(ServiceId=cart, Attributes={"moyai:client-port": "http"})


def test_clients_cannot_change_ecs_instances_but_may_register_their_interfaces(cloud_map, installation, namespaces):
    builder = installation.builder
    task = builder.run(builder.definition("web", container("http", port=8080)))
    cart = service(cloud_map, namespaces["HTTP"])
    interface = installation.store.world.tasks[task].interface
    register(cloud_map, cart, AWS_EC2_INSTANCE_ID=interface.id)
    attributes = cloud_map.get_instance(ServiceId=cart, InstanceId="i1")["Instance"]["Attributes"]
    assert attributes == {"AWS_EC2_INSTANCE_ID": interface.id, "AWS_INSTANCE_IPV4": interface.address}
    own = next(iter(installation.store.world.discovery_instances))
    installation.store.apply([Put(type(own)(own.service, own.id, own.attributes, own.registered_at, task=task))])
    for call, params in CHANGES:
        with pytest.raises(cloud_map.exceptions.ResourceInUse, match="that ECS registers"):
            getattr(cloud_map, call)(ServiceId=cart, InstanceId="i1", **params)


def test_a_service_connect_service_is_deleted_with_its_owner(cloud_map, installation):
    builder = installation.builder
    builder.service("web", builder.definition("web", container("http", port=8080)), offers=["http"])
    [new_service] = cloud_map.list_services()["Services"]
    with pytest.raises(cloud_map.exceptions.ResourceInUse, match="belongs to Service Connect"):
        cloud_map.delete_service(Id=new_service["Id"])


def test_quotas():
    installation = Installation(namespaces=2, instances_per_service=2, instances_per_namespace=3)
    cloud_map = installation.client("servicediscovery")
    namespace = operation(cloud_map, cloud_map.create_http_namespace(Name="a"))["Targets"]["NAMESPACE"]
    installation.busy = True
    cloud_map.create_http_namespace(Name="b")
    with pytest.raises(cloud_map.exceptions.ResourceLimitExceeded, match="2 namespaces"):
        cloud_map.create_http_namespace(Name="c")
    first, second = (service(cloud_map, namespace, name) for name in ("one", "two"))
    register(cloud_map, first, "i1")
    register(cloud_map, first, "i2")
    with pytest.raises(cloud_map.exceptions.ResourceLimitExceeded, match="the 2 instances"):
        register(cloud_map, first, "i3")
    installation.settle()
    register(cloud_map, first, "i1", again="yes")
    register(cloud_map, second, "i1")
    with pytest.raises(cloud_map.exceptions.ResourceLimitExceeded, match="the 3 instances"):
        register(cloud_map, second, "i2")
