"""boto3 speaks to ECS: updates of gateways and of the services behind them, and what their deletion leaves."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.gateway import GatewayFailure, GatewayStatus, ServiceGateway
from moyai.domain.world import Observed, Put
from moyai.kernel.ids import ServiceArn
from moyai.plan.elb.front import plan_front
from tests.contract.api.asking import code, refusal
from tests.contract.api.gateways import HEADER


def checked_paths(gateways, arn):
    """The path of the health check in the group of the PRIMARY deployment's tasks, and in the other one."""
    groups = {g["TargetGroupArn"]: g["HealthCheckPath"] for g in gateways.elb.describe_target_groups()["TargetGroups"]}
    [target] = gateways.installation.store.world.services[ServiceArn(arn)].primary.task_targets
    own = groups.pop(str(target.group))
    return own, *groups.values()


def change_checked_path(gateways, **members):
    """Update a service whose connector then has another health check, which only new tasks get. Returns its ARN."""
    gateways.create()
    gateways.associate()
    arn = gateways.serve(count=0)
    gateways.end_deployments(arn)
    connector = {"portName": "http", "healthCheck": {"healthCheckPath": "/x"}}
    gateways.ecs.update_service(cluster="shop", service="web", gatewayConnectors=[connector], **members)
    assert checked_paths(gateways, arn) == ("/x", "/")
    return arn


def test_only_the_new_tasks_are_checked_as_a_new_connector_says(gateways):
    change_checked_path(gateways, deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})


def test_a_rollback_brings_the_former_health_check_back(gateways):
    arn = change_checked_path(gateways, desiredCount=1)
    [deployment] = gateways.ecs.list_service_deployments(
        cluster="shop", service="web", status=["PENDING", "IN_PROGRESS"]
    )["serviceDeployments"]
    gateways.ecs.stop_service_deployment(serviceDeploymentArn=deployment["serviceDeploymentArn"], stopType="ROLLBACK")
    gateways.end_deployments(arn)
    assert checked_paths(gateways, arn) == ("/", "/")


def test_a_route_does_not_change_its_protocol(gateways):
    gateways.create()
    gateways.associate()
    gateways.serve()
    [container] = gateways.ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["containerDefinitions"]
    ports = [{"containerPort": 8080, "name": "http", "appProtocol": "grpc"}]
    gateways.ecs.register_task_definition(
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{**container, "portMappings": ports}],
    )
    before = gateways.elb.describe_target_groups()["TargetGroups"]
    refused, message = refusal(gateways.ecs.update_service, cluster="shop", service="web", taskDefinition="web")
    assert (refused, "speaks GRPC, and the service's route HTTP1" in message) == ("InvalidParameterException", True)
    assert gateways.elb.describe_target_groups()["TargetGroups"] == before


def test_an_update_changes_all_load_balancers_and_ends_when_they_are_served(gateways, installation, net):
    gateways.create()
    gateways.associate()
    gateways.serve()
    [balancer] = installation.store.world.load_balancers
    group = gateways.ec2.create_security_group(VpcId=balancer.vpc, GroupName="clients", Description="clients")[
        "GroupId"
    ]
    alb = {
        "networkConfiguration": {"inboundSecurityGroup": group},
        "httpDesync": "strictest",
        "testTrafficRules": HEADER,
        "maxAlbCount": 3,
    }
    updated = gateways.ecs.update_gateway(gateway="edge", configuration={"hostSharedAlb": alb}, propagateTags="NONE")
    assert updated["status"] == "UPDATE_IN_PROGRESS"
    described = gateways.ecs.describe_gateway(gateway="edge")["gateway"]
    assert described["status"] == "UPDATE_IN_PROGRESS"
    assert described["configuration"]["hostSharedAlb"]["testTrafficRules"] == HEADER
    assert described["configuration"]["hostSharedAlb"]["maxAlbCount"] == 3
    [shown] = gateways.elb.describe_load_balancers()["LoadBalancers"]
    assert group in shown["SecurityGroups"]
    assert len(gateways.route()["resources"]["hostSharedAlb"][0]["testListenerRuleArns"]) == 1
    own = gateways.ecs.describe_gateway_resources(gateway="edge")["gatewayResources"]["resources"]["hostSharedAlb"][0]
    [closed] = gateways.ec2.describe_security_groups(GroupIds=[own["securityGroup"]])["SecurityGroups"]
    assert closed["IpPermissions"] == []
    plan = plan_front(installation.store.world, Observed(), balancer.vpc, installation.now)
    assert all(change.record_type is not ServiceGateway for change in plan.changes)
    refused = code(gateways.ecs.update_gateway, gateway="edge", configuration={"hostSharedAlb": {"maxAlbCount": 0}})
    assert refused == "InvalidParameterException"
    assert code(gateways.ec2.delete_security_group, GroupId=group) == "DependencyViolation"


def test_another_update_forgets_neither_the_former_nor_its_failure(gateways, installation):
    gateways.create()
    gateways.associate()
    gateways.serve()
    [balancer] = installation.store.world.load_balancers
    gateways.ecs.update_gateway(gateway="edge", deletionProtection=False)
    gateways.ecs.update_gateway(gateway="edge", propagateTags="NONE")
    [gateway] = installation.store.world.service_gateways
    assert (gateway.status, gateway.updating) == ("UPDATE_IN_PROGRESS", (balancer.arn,))
    failed = {"status": GatewayStatus.UPDATE_FAILED, "failures": (GatewayFailure(balancer.arn, "no address"),)}
    installation.store.apply([Put(replace(gateway, updating=(), **failed))])
    gateways.ecs.update_gateway(gateway="edge", propagateTags="GATEWAY")
    [gateway] = installation.store.world.service_gateways
    assert (gateway.status, gateway.updating) == ("UPDATE_IN_PROGRESS", (balancer.arn,))


def test_a_managed_security_group_that_another_load_balancer_has_stays(gateways, installation):
    gateways.create()
    gateways.associate()
    arn = gateways.serve()
    [path] = installation.store.world.ingress_paths
    gateways.elb.create_load_balancer(
        Name="own", Subnets=gateways.subnets[:2], SecurityGroups=[str(path.balancer_group)]
    )
    gateways.ecs.delete_service(cluster="shop", service="web", force=True)
    gateways.end_deployments(arn)
    assert [balancer.name for balancer in installation.store.world.load_balancers] == ["own"]
    assert path.balancer_group in installation.store.world.security_groups
