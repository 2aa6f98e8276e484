"""One of each resource that the console has a page for, of simulated tasks."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.stack import shell, task_id
from tests.e2e.waiting import eventually

ROLE = "arn:aws:iam::123456789012:role/ecsInfrastructure"
_GROUP = "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/machines"


def kiosk_template(**settings: object) -> str:
    """A template with the cluster ``kiosk``."""
    cluster = {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "kiosk", **settings}}
    return json.dumps({"Resources": {"Cluster": cluster}, "Outputs": {"Name": {"Value": {"Ref": "Cluster"}}}})


def open_kiosk(installation: Installation) -> None:
    """Make an Express service, a gateway, a daemon, and a stack."""
    ecs, cloudformation = installation.client("ecs"), installation.client("cloudformation")
    container = {"image": "moyai.local/host", "containerPort": 8080}
    ecs.create_express_gateway_service(
        serviceName="hello", infrastructureRoleArn=ROLE, executionRoleArn=ROLE, primaryContainer=container
    )
    ecs.create_gateway(name="edge", infrastructureRoleArn=ROLE, configuration={"hostSharedAlb": {}})
    ecs.associate_gateway_with_cluster(gateway="edge", cluster="default")
    _create_daemon(ecs)
    cloudformation.create_stack(StackName="stand", TemplateBody=kiosk_template())
    cloudformation.get_waiter("stack_create_complete").wait(StackName="stand", WaiterConfig={"Delay": 1})
    eventually(lambda: ecs.list_tasks(cluster="default", serviceName="hello")["taskArns"], "the service has a task")


def _create_daemon(ecs: Any) -> None:
    provider = ecs.create_capacity_provider(name="machines", autoScalingGroupProvider={"autoScalingGroupArn": _GROUP})[
        "capacityProvider"
    ]["capacityProviderArn"]
    ecs.put_cluster_capacity_providers(
        cluster="default", capacityProviders=["machines"], defaultCapacityProviderStrategy=[]
    )
    definition = ecs.register_daemon_task_definition(
        family="agent", containerDefinitions=[shell("exec sleep infinity", "agent", memory=64)]
    )["daemonTaskDefinitionArn"]
    ecs.create_daemon(daemonName="watch", daemonTaskDefinitionArn=definition, capacityProviderArns=[provider])


def kiosk_addresses(installation: Installation) -> dict[str, str]:
    """The generated names in the addresses of the kiosk's pages."""
    ecs, elb, cloud_map = (installation.client(name) for name in ("ecs", "elbv2", "servicediscovery"))
    deployments = partial(ecs.list_service_deployments, cluster="default", service="hello")
    [deployment, *_] = eventually(lambda: deployments()["serviceDeployments"], "the service has a deployment")
    [task, *_] = ecs.list_tasks(cluster="default", serviceName="hello")["taskArns"]
    [balancer, *_] = elb.describe_load_balancers()["LoadBalancers"]
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    cloud_map.create_http_namespace(Name="stalls")
    [namespace] = (
        each_namespace["Id"]
        for each_namespace in eventually(lambda: cloud_map.list_namespaces()["Namespaces"], "it is here")
    )
    return {
        "deployment": task_id(deployment["serviceDeploymentArn"]),
        "task": task_id(task),
        "balancer": balancer["LoadBalancerName"],
        "rule": next(task_id(rule["RuleArn"]) for rule in rules if not rule["IsDefault"]),
        "group": elb.describe_target_groups()["TargetGroups"][0]["TargetGroupName"],
        "namespace": namespace,
        "service": cloud_map.create_service(Name="tea", NamespaceId=namespace)["Service"]["Id"],
    }
