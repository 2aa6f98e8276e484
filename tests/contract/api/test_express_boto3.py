"""boto3 speaks to ECS: Express services, and what they make in other services."""

from __future__ import annotations

import re
from typing import Any

import pytest

from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.world import Observed
from moyai.kernel.ids import ServiceArn
from moyai.plan.service.scheduler import plan_service
from tests.contract.api.asking import code, refusal

ROLE = "arn:aws:iam::123456789012:role/ecsInfrastructure"
EXECUTION = "arn:aws:iam::123456789012:role/ecsTaskExecution"
IMAGE = "moyai.local/host"


class Express:
    """A client of ECS, and short ways to make Express services."""

    def __init__(self, installation):
        self.installation = installation
        self.ecs = installation.client("ecs")
        self.elb = installation.client("elbv2")
        self.ec2 = installation.client("ec2")

    def create(self, **more: Any) -> dict[str, Any]:
        members = {"infrastructureRoleArn": ROLE, "executionRoleArn": EXECUTION, **more}
        if "taskDefinitionArn" in more:
            del members["executionRoleArn"]
        else:
            members.setdefault("primaryContainer", {"image": IMAGE})
        created: dict[str, Any] = self.ecs.create_express_gateway_service(**members)["service"]
        return created

    def describe(self, arn: str, **more: Any) -> dict[str, Any]:
        described: dict[str, Any] = self.ecs.describe_express_gateway_service(serviceArn=arn, **more)["service"]
        return described

    def update(self, arn: str, **more: Any) -> dict[str, Any]:
        updated: dict[str, Any] = self.ecs.update_express_gateway_service(serviceArn=arn, **more)["service"]
        return updated

    def resources(self, arn: str) -> dict[str, Any]:
        """The resources that ECS manages for the newest revision."""
        revision = self.describe(arn)["activeConfigurations"][0]["serviceRevisionArn"]
        [described] = self.ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"]
        resources: dict[str, Any] = described["ecsManagedResources"]
        return resources

    def plan(self, arn: str) -> None:
        """Let the scheduler take its next step."""
        store = self.installation.store
        ids = self.installation.builder.ids
        plan = plan_service(store.world, Observed(), ServiceArn(arn), self.installation.now, ids)
        store.apply(plan.changes)


@pytest.fixture
def express(installation):
    return Express(installation)


@pytest.fixture
def definition(express):
    """A task definition of the caller's own."""

    def register(**changes: Any) -> str:
        main = {
            "name": "Main",
            "image": IMAGE,
            "portMappings": [{"containerPort": 8080, "name": "web"}],
            **changes.pop("main", {}),
        }
        members = {
            "family": "mine",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "512",
            "memory": "1024",
            "containerDefinitions": [main, {"name": "beside", "image": IMAGE, "essential": False}],
            **changes,
        }
        registered = express.ecs.register_task_definition(**members)["taskDefinition"]
        return str(registered["taskDefinitionArn"])

    return register


def test_one_request_makes_a_service_as_aws_shows_it(express):
    created = express.create(serviceName="web", tags=[{"key": "team", "value": "shop"}])
    [configuration] = created["activeConfigurations"]
    [path] = configuration["ingressPaths"]
    assert re.fullmatch(r"https://we-[0-9a-f]{32}\.ecs\.us-east-1\.localhost", path["endpoint"])
    assert created == {
        "cluster": "default",
        "serviceName": "web",
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/default/web",
        "infrastructureRoleArn": ROLE,
        "status": {"statusCode": "ACTIVE"},
        "currentDeployment": created["currentDeployment"],
        "activeConfigurations": [
            {
                "serviceRevisionArn": configuration["serviceRevisionArn"],
                "executionRoleArn": EXECUTION,
                "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/default-web:1",
                "cpu": "256",
                "memory": "512",
                "cpuArchitecture": "X86_64",
                "networkConfiguration": {"securityGroups": [], "subnets": []},
                "healthCheckPath": "/ping",
                "primaryContainer": {
                    "image": IMAGE,
                    "containerPort": 80,
                    "awsLogsConfiguration": configuration["primaryContainer"]["awsLogsConfiguration"],
                    "environment": [],
                },
                "scalingTarget": {
                    "minTaskCount": 1,
                    "maxTaskCount": 20,
                    "autoScalingMetric": "AVERAGE_CPU",
                    "autoScalingTargetValue": 60,
                },
                "ingressPaths": [{"accessType": "PUBLIC", "endpoint": path["endpoint"]}],
                "createdAt": configuration["createdAt"],
            }
        ],
        "tags": [{"key": "team", "value": "shop"}],
        "createdAt": created["createdAt"],
        "updatedAt": created["updatedAt"],
    }
    logs = configuration["primaryContainer"]["awsLogsConfiguration"]
    assert re.fullmatch(r"/aws/ecs/default/web-[0-9a-f]{4}", logs["logGroup"])
    assert logs["logStreamPrefix"] == "ecs"
    assert express.describe(created["serviceArn"], include=["TAGS"]) == created
    assert express.describe(created["serviceArn"])["tags"] == []


def test_the_service_is_an_ordinary_one_with_canary_deployments(express):
    arn = express.create(serviceName="web", scalingTarget={"minTaskCount": 2})["serviceArn"]
    assert express.ecs.list_services()["serviceArns"] == [arn]
    assert express.ecs.list_services(resourceManagementType="ECS")["serviceArns"] == [arn]
    assert express.ecs.list_services(resourceManagementType="CUSTOMER")["serviceArns"] == []
    [service] = express.ecs.describe_services(services=["web"])["services"]
    assert (service["serviceArn"], service["resourceManagementType"], service["desiredCount"]) == (arn, "ECS", 2)
    assert service["launchType"] == "FARGATE"
    configuration = service["deploymentConfiguration"]
    assert configuration["strategy"] == "CANARY"
    assert configuration["canaryConfiguration"] == {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3}
    assert configuration["bakeTimeInMinutes"] == 3
    assert configuration["alarms"] == {"alarmNames": ["default/web/RollbackAlarm"], "rollback": True, "enable": True}
    [balancer] = service["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == ("Main", 80)
    assert balancer["advancedConfiguration"]["roleArn"] == ROLE
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    assert (len(network["subnets"]), len(network["securityGroups"]), network["assignPublicIp"]) == (3, 1, "ENABLED")


def test_managed_resources_are_in_the_other_services_and_tagged(express, installation):
    arn = express.create(serviceName="web")["serviceArn"]
    resources = express.resources(arn)
    [path] = resources["ingressPaths"]
    host = path["endpoint"].removeprefix("https://")
    [balancer] = express.elb.describe_load_balancers(LoadBalancerArns=[path["loadBalancer"]["arn"]])["LoadBalancers"]
    assert re.fullmatch(r"ecs-express-gateway-alb-[0-9a-f]{8}", balancer["LoadBalancerName"])
    assert balancer["Scheme"] == "internet-facing"
    assert len(balancer["AvailabilityZones"]) == 3
    [listener] = express.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Protocol"], listener["Port"], listener["ListenerArn"]) == ("HTTPS", 443, path["listener"]["arn"])
    assert listener["Certificates"] == [{"CertificateArn": path["certificate"]["arn"]}]
    assert listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "404"
    rule, default = express.elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert rule["RuleArn"] == path["rule"]["arn"]
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == [host]
    assert default["IsDefault"]
    weights = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert [(w["TargetGroupArn"], w["Weight"]) for w in weights] == [
        (group["arn"], weight) for group, weight in zip(path["targetGroups"], (100, 0), strict=True)
    ]
    assert {group["healthCheckPath"] for group in path["targetGroups"]} == {"/ping"}
    tagged = [balancer["LoadBalancerArn"], listener["ListenerArn"], rule["RuleArn"], weights[0]["TargetGroupArn"]]
    for described in express.elb.describe_tags(ResourceArns=tagged)["TagDescriptions"]:
        assert described["Tags"] == [{"Key": "AmazonECSManaged", "Value": "true"}]
    certificate = installation.client("acm").describe_certificate(CertificateArn=path["certificate"]["arn"])
    assert (certificate["Certificate"]["DomainName"], certificate["Certificate"]["Status"]) == (host, "ISSUED")
    assert express.resources(arn)["ingressPaths"][0]["certificate"]["status"] == "ACTIVE"
    scaling = installation.client("application-autoscaling")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 20)
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ECSServiceAverageCPUUtilization"
    assert tracking["TargetValue"] == 60
    alarms = installation.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert "default/web/RollbackAlarm" in {alarm["AlarmName"] for alarm in alarms}
    [logs] = installation.client("logs").describe_log_groups()["logGroups"]
    assert [logs["logGroupName"]] == [group["logGroupName"] for group in resources["logGroups"]]


def test_the_tasks_let_only_their_load_balancer_in(express):
    resources = express.resources(express.create()["serviceArn"])
    [own] = [group["arn"].rpartition("/")[2] for group in resources["serviceSecurityGroups"]]
    [balancers] = [g["arn"].rpartition("/")[2] for g in resources["ingressPaths"][0]["loadBalancerSecurityGroups"]]
    groups = express.ec2.describe_security_groups(GroupIds=[own, balancers])["SecurityGroups"]
    by_id = {group["GroupId"]: group["IpPermissions"] for group in groups}
    assert [pair["GroupId"] for p in by_id[own] for pair in p["UserIdGroupPairs"]] == [balancers]
    assert [p["IpRanges"] for p in by_id[own]] == [[]]
    [inbound] = by_id[balancers]
    assert (inbound["FromPort"], inbound["ToPort"], inbound["IpRanges"]) == (443, 443, [{"CidrIp": "0.0.0.0/0"}])


def test_up_to_25_services_share_a_load_balancer_and_each_has_a_rule_and_a_certificate(express):
    arns = [express.create(serviceName=f"web-{number}")["serviceArn"] for number in range(26)]
    paths = [express.resources(arn)["ingressPaths"][0] for arn in arns]
    balancers = [path["loadBalancer"]["arn"] for path in paths]
    assert len(set(balancers[:25])) == 1
    assert balancers[25] != balancers[0]
    assert len({path["rule"]["arn"] for path in paths}) == 26
    listed = express.elb.describe_listener_certificates(ListenerArn=paths[0]["listener"]["arn"])["Certificates"]
    assert {c["CertificateArn"] for c in listed} == {path["certificate"]["arn"] for path in paths[:25]}


def test_private_subnets_have_an_internal_load_balancer(express, installation):
    vpc = express.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    zones = ("us-east-1a", "us-east-1b")
    subnets = [
        express.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]
    created = express.create(networkConfiguration={"subnets": subnets})
    [configuration] = created["activeConfigurations"]
    assert configuration["networkConfiguration"] == {"subnets": subnets, "securityGroups": []}
    assert configuration["ingressPaths"][0]["accessType"] == "PRIVATE"
    [path] = express.resources(created["serviceArn"])["ingressPaths"]
    assert path["loadBalancer"]["scheme"] == "internal"
    group = path["loadBalancerSecurityGroups"][0]["arn"].rpartition("/")[2]
    [described] = express.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert described["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.7.0.0/16"}]


def test_a_request_that_fails_makes_nothing(express, installation):
    before = [*installation.store.world.records()]
    assert code(express.create, networkConfiguration={"subnets": ["subnet-none"]}) == "InvalidParameterException"
    assert code(express.create, primaryContainer={"image": IMAGE}, cpu="257") == "ClientException"
    assert [*installation.store.world.records()] == before


def test_a_task_definition_of_the_callers_own(express, definition):
    own = definition()
    created = express.create(taskDefinitionArn=own, serviceName="web")
    [configuration] = created["activeConfigurations"]
    assert configuration["taskDefinitionArn"] == own
    assert (configuration["cpu"], configuration["primaryContainer"]["containerPort"]) == ("512", 8080)
    assert "cpuArchitecture" not in configuration
    assert express.resources(created["serviceArn"])["logGroups"] == []
    [service] = express.ecs.describe_services(services=["web"])["services"]
    assert service["loadBalancers"][0]["containerPort"] == 8080


@pytest.mark.parametrize(
    ("changes", "expected_message"),
    [
        ({"main": {"name": "web"}}, "has no container named Main"),
        ({"main": {"portMappings": []}}, "must have exactly one port mapping"),
        ({"main": {"portMappings": [{"containerPort": 80}]}}, "must have exactly one port mapping"),
        ({"main": {"portMappings": [{"containerPort": 80, "name": "a", "protocol": "udp"}]}}, "exactly one port"),
        ({"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}, "is not compatible with FARGATE"),
    ],
)
def test_a_task_definition_that_does_not_fit_is_refused(express, definition, changes, expected_message):
    refused, message = refusal(express.create, taskDefinitionArn=definition(**changes))
    assert refused == "InvalidParameterException"
    assert expected_message in message


@pytest.mark.parametrize(
    ("members", "expected_message"),
    [
        ({"infrastructureRoleArn": "me"}, "infrastructureRoleArn must be the ARN of an IAM role"),
        ({"serviceName": "a b"}, "serviceName must be"),
        ({"healthCheckPath": "ping"}, "healthCheckPath must begin with a forward slash"),
        ({"healthCheckPath": "/a b"}, "healthCheckPath '/a b' has characters"),
        ({"primaryContainer": {"image": " "}}, "primaryContainer.image must not be blank"),
        ({"primaryContainer": {"image": IMAGE, "containerPort": 0}}, "containerPort must be between 1 and 65535"),
        ({"scalingTarget": {"minTaskCount": 0}}, "must be between 1 and 5000"),
        ({"scalingTarget": {"minTaskCount": 3, "maxTaskCount": 2}}, "must not be greater than maxTaskCount"),
        ({"scalingTarget": {"autoScalingTargetValue": 101}}, "between 1 and 100 for AVERAGE_CPU"),
        ({"networkConfiguration": {"securityGroups": ["sg-none"]}}, "does not exist"),
        ({"networkConfiguration": {"securityGroups": [f"sg-{n}" for n in range(5)]}}, "at most 4 items"),
        ({"taskDefinitionArn": "mine", "primaryContainer": {"image": IMAGE}}, "primaryContainer cannot be specified"),
        ({"taskDefinitionArn": "mine", "cpu": "256"}, "cpu cannot be specified together with taskDefinitionArn"),
    ],
)
def test_input_that_is_not_valid_is_refused(express, members, expected_message):
    refused, message = refusal(express.create, **members)
    assert refused == "InvalidParameterException"
    assert expected_message in message


def test_subnets_have_to_be_in_two_zones_and_of_one_kind(express):
    public = [s["SubnetId"] for s in express.ec2.describe_subnets()["Subnets"]]
    refused, message = refusal(express.create, networkConfiguration={"subnets": public[:1]})
    assert (refused, "at least two Availability Zones" in message) == ("InvalidParameterException", True)
    vpc = express.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    table = express.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    express.ec2.associate_route_table(RouteTableId=table, SubnetId=public[0])
    refused, message = refusal(express.create, networkConfiguration={"subnets": public})
    assert (refused, "no route to an internet gateway" in message) == ("InvalidParameterException", True)


def test_absent_services_and_clusters(express):
    absent = "arn:aws:ecs:us-east-1:123456789012:service/default/absent"
    assert code(express.create, cluster="absent") == "ClusterNotFoundException"
    assert code(express.describe, arn=absent) == "ClusterNotFoundException"
    express.create(serviceName="web")
    assert code(express.describe, arn=absent) == "ResourceNotFoundException"
    assert code(express.update, arn=absent) == "ServiceNotFoundException"
    assert code(express.ecs.delete_express_gateway_service, serviceArn=absent) == "ServiceNotFoundException"
    assert code(express.describe, arn="web") == "InvalidParameterException"
    assert code(express.create, serviceName="web") == "InvalidParameterException"


def test_ordinary_services_are_none(express, installation):
    installation.builder.service("plain", installation.builder.definition("plain"), 1)
    arn = "arn:aws:ecs:us-east-1:123456789012:service/default/plain"
    for call in (express.describe, express.update):
        refused, message = refusal(call, arn)
        assert (refused, "is not an Express service" in message) == ("InvalidParameterException", True)


def test_an_update_is_a_new_deployment_in_the_other_target_group(express, installation):
    arn = express.create(serviceName="web", primaryContainer={"image": IMAGE, "containerPort": 8080})["serviceArn"]
    first, second = (group["arn"] for group in express.resources(arn)["ingressPaths"][0]["targetGroups"])
    updated = express.update(
        arn,
        primaryContainer={"image": IMAGE, "containerPort": 9090, "environment": [{"name": "V", "value": "2"}]},
        healthCheckPath="/healthy?v=2",
        memory="1024",
        scalingTarget={"minTaskCount": 2, "autoScalingMetric": "REQUEST_COUNT_PER_TARGET"},
    )
    target = updated["targetConfiguration"]
    assert target["taskDefinitionArn"].endswith("task-definition/default-web:2")
    assert (target["cpu"], target["memory"], target["healthCheckPath"]) == ("256", "1024", "/healthy?v=2")
    assert target["executionRoleArn"] == EXECUTION
    assert target["primaryContainer"]["containerPort"] == 9090
    assert target["scalingTarget"]["minTaskCount"] == 2
    assert target["scalingTarget"]["maxTaskCount"] == 20
    described = express.describe(arn)
    assert described["activeConfigurations"][0]["serviceRevisionArn"] == target["serviceRevisionArn"]
    assert [c["healthCheckPath"] for c in described["activeConfigurations"]] == ["/healthy?v=2", "/ping"]
    [service] = express.ecs.describe_services(services=["web"])["services"]
    assert service["desiredCount"] == 2
    groups = express.elb.describe_target_groups(TargetGroupArns=[first, second])["TargetGroups"]
    paths = {group["TargetGroupArn"]: group["HealthCheckPath"] for group in groups}
    deployment = installation.store.world.services[arn].primary
    assert paths[deployment.task_targets[0].group] == "/healthy?v=2"
    scaling = installation.client("application-autoscaling")
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    metrics = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]["Metrics"]
    assert [metric.get("Expression") for metric in metrics] == [None, None, "FILL(m1, 0) + FILL(m2, 0)"]


def test_an_update_keeps_what_it_does_not_name(express):
    arn = express.create(
        serviceName="web",
        primaryContainer={"image": IMAGE, "command": ["a"]},
        taskRoleArn="arn:aws:iam::123456789012:role/task",
        cpuArchitecture="ARM64",
    )["serviceArn"]
    before = express.describe(arn)["activeConfigurations"][0]
    after = express.update(arn, healthCheckPath="/")["targetConfiguration"]
    changed = {"serviceRevisionArn", "healthCheckPath", "createdAt"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    logs = before["primaryContainer"]["awsLogsConfiguration"]
    after = express.update(arn, primaryContainer={"image": IMAGE})["targetConfiguration"]
    assert after["primaryContainer"]["awsLogsConfiguration"] == logs
    assert after["taskRoleArn"] == "arn:aws:iam::123456789012:role/task"
    assert after["cpuArchitecture"] == "ARM64"


@pytest.mark.parametrize("member", ["executionRoleArn", "taskRoleArn", "cpu", "memory"])
def test_an_empty_text_is_refused_and_changes_nothing(express, member):
    arn = express.create(serviceName="web")["serviceArn"]
    before = express.describe(arn)["activeConfigurations"]
    refused, message = refusal(express.update, arn, **{member: ""})
    assert (refused, f"{member} must not be empty" in message) == ("InvalidParameterException", True)
    assert express.describe(arn)["activeConfigurations"] == before
    assert refusal(express.create, **{member: " "})[0] == "InvalidParameterException"


def test_a_service_with_its_own_task_definition_is_not_changed_by_parts(express, definition):
    arn = express.create(taskDefinitionArn=definition(), serviceName="web")["serviceArn"]
    refused, message = refusal(express.update, arn, cpu="1024")
    assert (refused, "task definition of yours" in message) == ("InvalidParameterException", True)
    second = express.update(arn, taskDefinitionArn=definition())["targetConfiguration"]
    assert second["taskDefinitionArn"].endswith("mine:2")
    managed = express.update(arn, primaryContainer={"image": IMAGE}, executionRoleArn=EXECUTION)["targetConfiguration"]
    assert managed["taskDefinitionArn"].endswith("default-web:1")
    assert express.resources(arn)["logGroups"][0]["status"] == "ACTIVE"


def test_a_service_keeps_its_load_balancers_vpc(express, net):
    arn = express.create(serviceName="web")["serviceArn"]
    other = express.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.2.0/24", AvailabilityZone="us-east-1c")
    subnets = [net.subnet, other["Subnet"]["SubnetId"]]
    refused, message = refusal(express.update, arn, networkConfiguration={"subnets": subnets})
    assert (refused, "Create another service" in message) == ("InvalidParameterException", True)
    updates: list[dict[str, Any]] = [{"loadBalancers": []}, {"gatewayConnectors": [{"portName": "main"}]}]
    for members in updates:
        refused, message = refusal(express.ecs.update_service, service="web", **members)
        assert (refused, "manages the load balancer" in message) == ("InvalidParameterException", True)


def test_managed_resources_are_not_deleted_by_hand(express):
    arn = express.create(serviceName="web")["serviceArn"]
    [path] = express.resources(arn)["ingressPaths"]
    balancer, group = path["loadBalancer"]["arn"], path["targetGroups"][0]["arn"]
    message = f"Amazon ECS manages it for the service {arn}"
    refused = refusal(express.elb.delete_load_balancer, LoadBalancerArn=balancer)
    assert (refused[0], message in refused[1]) == ("ResourceInUse", True)
    refused = refusal(express.elb.delete_listener, ListenerArn=path["listener"]["arn"])
    assert (refused[0], message in refused[1]) == ("ResourceInUse", True)
    refused = refusal(express.elb.delete_rule, RuleArn=path["rule"]["arn"])
    assert (refused[0], message in refused[1]) == ("OperationNotPermitted", True)
    assert code(express.elb.delete_target_group, TargetGroupArn=group) == "ResourceInUse"
    acm = express.installation.client("acm")
    assert code(acm.delete_certificate, CertificateArn=path["certificate"]["arn"]) == "ResourceInUseException"
    own = express.resources(arn)["serviceSecurityGroups"][0]["arn"].rpartition("/")[2]
    refused = refusal(express.ec2.delete_security_group, GroupId=own)
    assert (refused[0], arn in refused[1]) == ("DependencyViolation", True)


def test_deletion_leaves_nothing_and_the_shared_load_balancer_to_others(express, installation):
    world = installation.store.world
    first = express.create(serviceName="first")["serviceArn"]
    second = express.create(serviceName="second")["serviceArn"]
    groups = len(world.security_groups)
    deleted = express.ecs.delete_express_gateway_service(serviceArn=first)["service"]
    assert deleted["status"] == {"statusCode": "DRAINING"}
    assert code(express.ecs.delete_express_gateway_service, serviceArn=first) == "ServiceNotActiveException"
    assert code(express.update, arn=first) == "ServiceNotActiveException"
    express.plan(first)
    assert world.services[first].status is ServiceStatus.INACTIVE
    assert code(express.describe, arn=first) == "ResourceNotFoundException"
    assert [path.service for path in world.ingress_paths] == [second]
    [listener] = world.listeners
    assert listener.certificates == (next(iter(world.ingress_paths)).certificate,)
    assert (len(world.load_balancers), len(world.target_groups), len(world.rules)) == (1, 2, 2)
    assert len(world.security_groups) == groups - 1
    express.ecs.delete_express_gateway_service(serviceArn=second)
    express.plan(second)
    elb = ["load_balancers", "listeners", "rules", "target_groups", "managed_certificates", "managed_keys"]
    tables = [*elb, "alarms", "log_groups", "scalable_targets", "scaling_policies", "ingress_paths", "express_services"]
    assert {name: len(getattr(world, name)) for name in tables} == dict.fromkeys(tables, 0)
    assert {group.name for group in world.security_groups} == {"default"}
    assert {str(d.status) for d in world.task_definitions} == {"INACTIVE"}
    again = express.create(serviceName="first")
    assert again["activeConfigurations"][0]["taskDefinitionArn"].endswith("default-first:2")
