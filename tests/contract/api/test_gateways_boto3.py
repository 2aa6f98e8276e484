"""boto3 speaks to ECS: gateways, their associations with clusters, and the services that join them."""

from __future__ import annotations

import re

import pytest

from tests.contract.api.asking import code, refusal
from tests.contract.api.gateways import GATEWAY, HEADER, ROLE


def sorted_by_zone(gateways):
    subnets = gateways.ec2.describe_subnets()["Subnets"]
    return [subnet["SubnetId"] for subnet in sorted(subnets, key=lambda subnet: str(subnet["AvailabilityZone"]))]


def test_a_gateway_as_aws_shows_it(gateways):
    created = gateways.create(tags=[{"key": "team", "value": "edge"}])
    assert {k: created[k] for k in ("gatewayArn", "name", "status")} == {
        "gatewayArn": GATEWAY,
        "name": "edge",
        "status": "ACTIVE",
    }
    described = gateways.ecs.describe_gateway(gateway="edge")["gateway"]
    assert described == {
        "gatewayArn": GATEWAY,
        "name": "edge",
        "status": "ACTIVE",
        "failures": [],
        "infrastructureRoleArn": ROLE,
        "deletionProtection": True,
        "configuration": {
            "hostSharedAlb": {
                "networkConfiguration": {"subnets": sorted_by_zone(gateways), "ipAddressType": "ipv4"},
                "scheme": "internet-facing",
                "port": 443,
                "protocol": "HTTPS",
                "maxAlbCount": 10,
                "currentAlbCount": 0,
                "httpDesync": "defensive",
            }
        },
        "accessType": "PUBLIC",
        "propagateTags": "GATEWAY",
        "tags": [{"key": "team", "value": "edge"}],
        "createdAt": described["createdAt"],
        "updatedAt": described["updatedAt"],
    }
    assert gateways.ecs.describe_gateway(gateway=GATEWAY)["gateway"] == described
    assert gateways.elb.describe_load_balancers()["LoadBalancers"] == []


def test_creation_is_idempotent_by_token(gateways):
    gateways.create(clientToken="once")
    assert gateways.create(clientToken="once")["gatewayArn"] == GATEWAY
    assert gateways.create(alb={"scheme": "internal"}, clientToken="once")["gatewayArn"] == GATEWAY
    refused, message = refusal(gateways.create, clientToken="twice")
    assert (refused, "already exists" in message) == ("InvalidParameterException", True)


@pytest.mark.parametrize(
    ("alb", "expected_message"),
    [
        ({"port": 8443}, "only HTTPS at port 443"),
        ({"protocol": "HTTP"}, "only HTTPS at port 443"),
        ({"networkConfiguration": {"ipAddressType": "dualstack"}}, "needs subnets with an IPv6 CIDR block"),
        ({"networkConfiguration": {"ipAddressType": "dualstack-without-public-ipv4"}}, "Use ipv4"),
        ({"networkConfiguration": {"subnets": ["subnet-none"]}}, "does not exist"),
        ({"networkConfiguration": {"inboundSecurityGroup": "sg-none"}}, "there is no security group 'sg-none'"),
        ({"maxAlbCount": 0}, "maxAlbCount must be between 1 and 50"),
        ({"httpDesync": "monitor"}, "is not supported by moyai"),
        ({"webACLArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/b"}, "webACLArn"),
        ({"testTrafficRules": {"header": {"name": "a b", "values": ["x"]}}}, "is not the name of an HTTP header"),
        ({"testTrafficRules": {"header": {"name": "a", "values": []}}}, "between 1 and 3 items"),
        ({"accessLogs": {"destination": {"s3": {"bucket": "", "prefix": "etc/evil"}}}}, "bucket must not be empty"),
        ({"accessLogs": {"destination": {"s3": {"bucket": "/etc"}}}}, "it is the name of a bucket"),
        ({"accessLogs": {"destination": {"s3": {"bucket": "logs", "prefix": "a/../b"}}}}, "access_logs.s3.prefix"),
        ({"testTrafficRules": {}}, "testTrafficRules must have header"),
        ({"accessLogs": {}}, "accessLogs must have destination.s3"),
    ],
)
def test_settings_that_are_not_valid_are_refused(gateways, alb, expected_message):
    refused, message = refusal(gateways.create, alb=alb)
    assert refused == "InvalidParameterException"
    assert expected_message in message
    assert len(gateways.installation.store.world.service_gateways) == 0


def test_other_input_that_is_not_valid_is_refused(gateways):
    assert code(gateways.create, name="a b") == "InvalidParameterException"
    refused = code(
        gateways.ecs.create_gateway, name="a", infrastructureRoleArn="me", configuration={"hostSharedAlb": {}}
    )
    assert refused == "InvalidParameterException"
    refused = code(gateways.ecs.create_gateway, name="a", infrastructureRoleArn=ROLE, configuration={})
    assert refused == "InvalidParameterException"
    assert code(gateways.ecs.list_gateways, names=[f"g{n}" for n in range(11)]) == "InvalidParameterException"
    assert code(gateways.ecs.list_gateways, maxResults=101) == "InvalidParameterException"
    assert code(gateways.ecs.list_gateway_cluster_associations, maxResults=0) == "InvalidParameterException"
    assert code(gateways.ecs.list_gateway_routes, maxResults=0) == "InvalidParameterException"


def test_absent_gateways_routes_and_associations(gateways):
    ecs = gateways.ecs
    for call in (ecs.describe_gateway, ecs.delete_gateway, ecs.update_gateway, ecs.describe_gateway_resources):
        assert code(call, gateway="absent") == "GatewayNotFoundException"
    assert (
        code(ecs.describe_gateway, gateway="arn:aws:ecs:us-east-1:123456789012:cluster/a")
        == "InvalidParameterException"
    )
    assert code(ecs.list_gateway_routes, gateway="absent") == "GatewayNotFoundException"
    absent = "arn:aws:ecs:us-east-1:123456789012:gateway-route/edge/absent"
    assert code(ecs.describe_gateway_route, gatewayRouteArn=absent) == "ResourceNotFoundException"
    assert code(ecs.describe_gateway_route, gatewayRouteArn="absent") == "InvalidParameterException"
    gateways.create()
    operations = (ecs.associate_gateway_with_cluster, ecs.disassociate_gateway_from_cluster)
    for call in operations:
        assert code(call, gateway="absent", cluster="shop") == "GatewayNotFoundException"
        assert code(call, gateway="edge", cluster="absent") == "ClusterNotFoundException"
    assert code(operations[1], gateway="edge", cluster="shop") == "ResourceNotFoundException"


def test_gateways_are_listed_by_name_and_status(gateways):
    for name in ("a", "b", "c"):
        gateways.create(name)
    listed = gateways.ecs.list_gateways(names=["a", "c"], status=["ACTIVE"])["gateways"]
    assert [gateway["name"] for gateway in listed] == ["a", "c"]
    assert gateways.ecs.list_gateways(status=["UPDATE_FAILED"])["gateways"] == []
    first = gateways.ecs.list_gateways(maxResults=2)
    second = gateways.ecs.list_gateways(maxResults=2, nextToken=first["nextToken"])
    assert [gateway["name"] for gateway in (*first["gateways"], *second["gateways"])] == ["a", "b", "c"]


def test_a_protected_or_associated_gateway_is_not_deleted(gateways):
    gateways.create()
    refused, message = refusal(gateways.ecs.delete_gateway, gateway="edge")
    assert (refused, "deletion protection is enabled" in message) == ("InvalidParameterException", True)
    assert gateways.ecs.update_gateway(gateway="edge", deletionProtection=False)["status"] == "UPDATE_IN_PROGRESS"
    assert gateways.ecs.describe_gateway(gateway="edge")["gateway"]["status"] == "UPDATE_COMPLETE"
    assert gateways.associate()["status"] == "ACTIVE"
    refused, message = refusal(gateways.ecs.delete_gateway, gateway="edge")
    assert (refused, "clusters are associated with it" in message) == ("InvalidParameterException", True)
    assert gateways.ecs.disassociate_gateway_from_cluster(gateway="edge", cluster="shop")["status"] == "DISASSOCIATING"
    assert gateways.ecs.list_gateway_cluster_associations()["gatewayClusterAssociations"] == []
    assert gateways.ecs.delete_gateway(gateway="edge")["status"] == "DELETED"
    assert code(gateways.ecs.describe_gateway, gateway="edge") == "GatewayNotFoundException"


def test_a_cluster_has_up_to_five_gateways(gateways):
    for number in range(6):
        gateways.create(f"edge-{number}")
    for number in range(5):
        gateways.associate(f"edge-{number}")
    gateways.associate("edge-0")
    refused, message = refusal(gateways.associate, "edge-5")
    assert (refused, "5 gateways" in message) == ("InvalidParameterException", True)
    listed = gateways.ecs.list_gateway_cluster_associations(cluster="shop", gateway="edge-1", status=["ACTIVE"])
    [association] = listed["gatewayClusterAssociations"]
    assert association["clusterArn"].endswith("cluster/shop")
    gateways.ecs.delete_cluster(cluster="shop")
    assert gateways.ecs.list_gateway_cluster_associations()["gatewayClusterAssociations"] == []


def test_a_service_needs_a_gateway_that_fits(gateways, net):
    refused, message = refusal(gateways.serve)
    assert (refused, "no gateway is associated" in message) == ("InvalidParameterException", True)
    gateways.create()
    gateways.associate()
    for connector in ({"filters": {"accessTypes": ["PRIVATE"]}}, {"portName": "none"}):
        assert refusal(gateways.serve, "web", connector)[0] == "InvalidParameterException"
    gateways.create("two", alb={"networkConfiguration": {"subnets": gateways.subnets[:2]}})
    gateways.ecs.disassociate_gateway_from_cluster(gateway="edge", cluster="shop")
    gateways.associate("two")
    assert refusal(gateways.serve)[0] == "InvalidParameterException"
    assert len(gateways.installation.store.world.ingress_paths) == 0


@pytest.mark.parametrize(
    ("check", "expected_message"),
    [
        ({"healthCheckIntervalSeconds": 4}, "healthCheckIntervalSeconds must be between 5 and 300"),
        ({"healthCheckPort": 0}, "healthCheckPort must be between 1 and 65535"),
        ({"healthCheckPath": "x"}, "must begin with a '/'"),
        ({"matcher": {"grpcCode": "1"}}, "Matcher"),
        ({"healthCheckTimeoutSeconds": 60}, "must be smaller than the interval"),
    ],
)
def test_a_health_check_that_is_not_valid_is_refused(gateways, check, expected_message):
    gateways.create()
    gateways.associate()
    refused, message = refusal(gateways.serve, "web", {"healthCheck": check})
    assert (refused, expected_message in message) == ("InvalidParameterException", True)


def test_a_service_that_joins_gets_a_route_with_everything_behind_it(gateways, installation):
    gateways.create(alb={"testTrafficRules": HEADER}, tags=[{"key": "team", "value": "edge"}])
    gateways.associate()
    check = {"healthCheckPath": "/up", "healthCheckIntervalSeconds": 10}
    arn = gateways.serve("web", {"healthCheck": check, "deregistrationDelay": {"timeoutSeconds": 20}})
    route = gateways.route(gateway="edge", cluster="shop", service="web", serviceContainerPortName="http")
    assert re.fullmatch(r"https://we-[0-9a-f]{32}\.ecs\.us-east-1\.localhost", route["serviceUrl"])
    assert (route["serviceArn"], route["status"]) == (arn, "CREATE_IN_PROGRESS")
    gateways.activate()
    assert gateways.route()["status"] == "ACTIVE"
    [resources] = route["resources"]["hostSharedAlb"]
    rules = gateways.elb.describe_rules(ListenerArn=resources["listenerArn"])["Rules"]
    assert [rule["RuleArn"] for rule in rules[:2]] == [*resources["testListenerRuleArns"], resources["listenerRuleArn"]]
    assert {c["Field"] for c in rules[0]["Conditions"]} == {"host-header", "http-header"}
    tags = gateways.elb.describe_tags(ResourceArns=[resources["loadBalancerArn"]])["TagDescriptions"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"AmazonECSManaged": "true", "team": "edge"}
    attributes = gateways.elb.describe_load_balancer_attributes(LoadBalancerArn=resources["loadBalancerArn"])[
        "Attributes"
    ]
    assert {"Key": "deletion_protection.enabled", "Value": "true"} in attributes
    [service] = gateways.ecs.describe_services(cluster="shop", services=["web"])["services"]
    assert service["loadBalancers"] == []
    revision = service["currentServiceRevisions"][0]["arn"]
    [revision] = gateways.ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"]
    [connector] = revision["gatewayConnectors"]
    assert (connector["portName"], connector["healthCheck"]["healthCheckPath"]) == ("http", "/up")
    [connection] = revision["ecsManagedResources"]["gatewayConnections"]
    assert (connection["gatewayArn"], connection["serviceUrl"]) == (GATEWAY, route["serviceUrl"])
    [groups] = connection["resources"]["hostSharedAlb"]
    [target_group] = gateways.elb.describe_target_groups(TargetGroupArns=[groups["targetGroupArn"]])["TargetGroups"]
    assert (target_group["HealthCheckPath"], target_group["HealthCheckIntervalSeconds"]) == ("/up", 10)
    resources_of = gateways.ecs.describe_gateway_resources(gateway="edge")["gatewayResources"]
    [alb] = resources_of["resources"]["hostSharedAlb"]
    assert alb["gatewayRouteArns"] == [route["gatewayRouteArn"]]
    assert alb["loadBalancerArn"] == resources["loadBalancerArn"]
    assert (
        gateways.ecs.describe_gateway(gateway="edge")["gateway"]["configuration"]["hostSharedAlb"]["currentAlbCount"]
        == 1
    )
    own = resources["serviceSecurityGroupArn"].rpartition("/")[2]
    [group] = gateways.ec2.describe_security_groups(GroupIds=[own])["SecurityGroups"]
    peers = {pair["GroupId"] for permission in group["IpPermissions"] for pair in permission["UserIdGroupPairs"]}
    assert alb["securityGroup"] in peers
    refused = refusal(gateways.elb.delete_rule, RuleArn=resources["listenerRuleArn"])
    assert (refused[0], "or remove its gateway connector" in refused[1]) == ("OperationNotPermitted", True)


def test_services_share_the_load_balancer_of_a_gateway_and_several_gateways_have_their_own(gateways, installation):
    gateways.create()
    gateways.create("inner", alb={"scheme": "internal"})
    gateways.associate()
    gateways.associate("inner")
    gateways.serve("first")
    gateways.serve("second")
    world = installation.store.world
    assert (len(world.load_balancers), len(world.ingress_paths), len(world.authorities)) == (2, 4, 1)
    addresses = [node.interface.address for balancer in world.load_balancers for node in balancer.nodes]
    assert len(set(addresses)) == len(addresses) == 6
    assert (
        gateways.route(gateway="inner", service="first")["serviceUrl"]
        != gateways.route(gateway="edge", service="first")["serviceUrl"]
    )
    assert len(gateways.ecs.list_gateway_routes(status=["CREATE_IN_PROGRESS"])["gatewayRoutes"]) == 4
    page = gateways.ecs.list_gateway_routes(maxResults=3)
    rest = gateways.ecs.list_gateway_routes(maxResults=3, nextToken=page["nextToken"])
    assert len(page["gatewayRoutes"]) + len(rest["gatewayRoutes"]) == 4


def test_a_route_keeps_its_url_over_deployments(gateways):
    gateways.create()
    gateways.associate()
    gateways.serve()
    url = gateways.route()["serviceUrl"]
    gateways.ecs.update_service(cluster="shop", service="web", forceNewDeployment=True)
    gateways.ecs.update_service(
        cluster="shop",
        service="web",
        gatewayConnectors=[{"portName": "http", "healthCheck": {"healthCheckPath": "/x"}}],
    )
    assert gateways.route()["serviceUrl"] == url


def test_a_connector_that_is_removed_takes_the_route_along_with_the_last_deployment(gateways, installation):
    gateways.create()
    gateways.associate()
    arn = gateways.serve(count=0)
    gateways.ecs.update_service(cluster="shop", service="web", gatewayConnectors=[])
    assert gateways.route()["status"] == "DELETE_IN_PROGRESS"
    gateways.end_deployments(arn)
    world = installation.store.world
    assert gateways.ecs.list_gateway_routes()["gatewayRoutes"] == []
    assert (len(world.load_balancers), len(world.target_groups), len(world.managed_certificates)) == (0, 0, 0)
    [group] = [group for group in world.security_groups if group.name == "default"]
    assert all(rule.group is None or rule.group.id == group.id for rule in group.rules)


def test_disassociation_ends_with_the_last_route(gateways):
    gateways.create()
    gateways.associate()
    arn = gateways.serve(count=0)
    gateways.ecs.disassociate_gateway_from_cluster(gateway="edge", cluster="shop")
    [association] = gateways.ecs.list_gateway_cluster_associations()["gatewayClusterAssociations"]
    assert association["status"] == "DISASSOCIATING"
    assert code(gateways.associate) == "InvalidParameterException"
    assert refusal(gateways.serve, "other")[0] == "InvalidParameterException"
    gateways.ecs.update_service(cluster="shop", service="web", forceNewDeployment=True)
    gateways.end_deployments(arn)
    assert gateways.ecs.list_gateway_cluster_associations()["gatewayClusterAssociations"] == []


def test_a_deleted_service_leaves_nothing_behind_its_gateway(gateways, installation):
    gateways.create()
    gateways.associate()
    arn = gateways.serve()
    gateways.ecs.delete_service(cluster="shop", service="web", force=True)
    gateways.end_deployments(arn)
    world = installation.store.world
    assert (len(world.load_balancers), len(world.rules), len(world.ingress_paths)) == (0, 0, 0)


def test_the_inbound_group_of_a_gateway_without_services_stays(gateways):
    group = gateways.ec2.create_security_group(GroupName="clients", Description="clients")["GroupId"]
    gateways.create(alb={"networkConfiguration": {"inboundSecurityGroup": group}})
    refused, message = refusal(gateways.ec2.delete_security_group, GroupId=group)
    assert (refused, GATEWAY in message) == ("DependencyViolation", True)


def test_gateways_have_tags(gateways):
    gateways.create()
    gateways.ecs.tag_resource(resourceArn=GATEWAY, tags=[{"key": "a", "value": "b"}])
    assert gateways.ecs.list_tags_for_resource(resourceArn=GATEWAY)["tags"] == [{"key": "a", "value": "b"}]


def test_services_with_task_sets_have_no_connectors(gateways):
    gateways.create()
    gateways.associate()
    refused = code(
        gateways.ecs.create_service,
        cluster="shop",
        serviceName="own",
        desiredCount=1,
        deploymentController={"type": "EXTERNAL"},
        gatewayConnectors=[{"portName": "http"}],
    )
    assert refused == "InvalidParameterException"


def test_access_logs_of_a_gateway_are_those_of_its_load_balancers(gateways):
    logs = {"destination": {"s3": {"bucket": "logs", "prefix": "edge"}}}
    gateways.create(alb={"accessLogs": logs})
    described = gateways.ecs.describe_gateway(gateway="edge")["gateway"]["configuration"]["hostSharedAlb"]
    assert described["accessLogs"] == logs
    gateways.associate()
    gateways.serve()
    [balancer] = gateways.elb.describe_load_balancers()["LoadBalancers"]
    attributes = gateways.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    values = {attribute["Key"]: attribute["Value"] for attribute in attributes["Attributes"]}
    assert values["access_logs.s3.enabled"] == "true"
    assert (values["access_logs.s3.bucket"], values["access_logs.s3.prefix"]) == ("logs", "edge")
