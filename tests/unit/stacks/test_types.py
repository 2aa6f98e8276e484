"""Resource types: every row against the operations' models and AWS's schemas."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import jmespath
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from msgspec.structs import replace

from moyai.api.models import load_models
from moyai.app.adapters.gateway_caller import fit_input
from moyai.domain.cloudformation.stack import PhysicalResource, Stack, StackStatus
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.stacks.template.model import CUSTOM
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, ResourceFailed, Wait
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.schema import schemas
from moyai.stacks.types.update_policy import AUTO_SCALING_GROUP, replaced_properties, update_policy_complaint

LOAD_BALANCING = "AWS::ElasticLoadBalancingV2::"
KEPT = {
    ("AWS::EFS::MountTarget", "SecurityGroups"),
    ("AWS::IAM::ManagedPolicy", "PolicyDocument"),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument"),
    ("AWS::Lambda::Function", "Code"),
    *((f"{LOAD_BALANCING}LoadBalancer", name) for name in ("SecurityGroups", "Subnets", "SubnetMappings")),
    (f"{LOAD_BALANCING}ListenerRule", "Priority"),
}
"""The properties that an update can't take away: they are required, or only the service knows their defaults."""
STACK = Stack(StackId("arn:stack"), "shop", StackStatus.CREATE_IN_PROGRESS, None, Instant(0.0))
TYPES = [kind for kind in resource_types().values() if kind.service]
MODELS = load_models({kind.service for kind in TYPES})


def context(stack_name: str, logical_id: str, token: str) -> ResourceContext:
    return ResourceContext(replace(STACK, name=stack_name), logical_id, token)


def test_every_type_has_a_published_schema():
    assert resource_types().keys() == schemas().keys() | {CUSTOM}, "a custom resource has any property"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_a_type_names_operations_that_its_service_has(kind):
    model = MODELS[kind.service]
    follows = [name for follow in kind.follow.values() for name in (follow.operation, follow.reset)]
    children = [name for each in kind.children.values() for name in (each.add, each.remove)]
    reads = [read.operation for read in (kind.read, kind.read_repeated, *kind.lookups.values()) if read]
    tags = [] if kind.tagging is None else [kind.tagging.add, kind.tagging.remove]
    for name in (kind.create, kind.update, kind.delete, *follows, *children, *reads, *tags):
        assert name is None or model.operation_model(name).name == name


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_each_property_has_a_place_or_is_refused(kind):
    model = MODELS[kind.service]
    shapes = [model.operation_model(name).input_shape for name in (kind.create, kind.update) if name]
    members = {name.lower() for shape in shapes if shape for name in shape.members}
    for name in kind.schema.properties - kind.schema.unsupported - kind.own_calls - kind.arranged:
        assert kind.rename.get(name, name).lower() in members, name
    assert kind.schema.unsupported <= kind.schema.properties
    assert kind.rename.keys() | kind.follow.keys() | kind.children.keys() <= kind.schema.properties
    assert kind.name_property is None or kind.name_property in kind.schema.properties


TARGET = "service/shop/web|ecs:service:DesiredCount|ecs"
"""The physical id of a scalable target; the other types need no certain form."""
EXAMPLES = {
    ("AWS::AutoScaling::LaunchConfiguration", "InstanceMonitoring"): True,
    ("AWS::DynamoDB::Table", "SSESpecification"): {"SSEEnabled": True},
    ("AWS::EC2::FlowLog", "ResourceId"): "vpc-1",
    ("AWS::ECS::Service", "ForceNewDeployment"): {"EnableForceNewDeployment": True},
}
"""Values of properties that have another form than the member of the operation."""


def example(shape: Shape, depth: int = 4) -> Any:
    """A value of this form."""
    match shape:
        case StructureShape():
            return {name: example(member, depth - 1) for name, member in shape.members.items() if depth}
        case ListShape():
            return [example(shape.member, depth - 1)] if depth else []
        case MapShape():
            return {"key": example(shape.value, depth - 1)} if depth else {}
        case _:
            return {"timestamp": "2026-11-29T00:00:00Z", "boolean": True}.get(shape.type_name, "1")


def examples(kind: StackResourceType, names: AbstractSet[str], shape: Shape | None) -> dict[str, Any]:
    """Values of the properties that an operation's input has members for."""
    assert isinstance(shape, StructureShape)
    members = {name.lower(): member for name, member in shape.members.items()}
    forms = {name: members.get(kind.rename.get(name, name).lower()) for name in sorted(names - kind.arranged)}
    return {
        name: EXAMPLES.get((kind.name, name), "1" if form is None else example(form)) for name, form in forms.items()
    }


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_a_creation_with_every_property_fits_its_operation(kind):
    operation = MODELS[kind.service].operation_model(kind.create)
    properties = examples(kind, kind.schema.properties - kind.schema.unsupported, operation.input_shape)
    fit_input(Call(kind.service, kind.create, kind.creation_input(properties)), operation)


PLAIN = [kind for kind in TYPES if kind.update and type(kind).update_steps is StackResourceType.update_steps]


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.name)
def test_an_update_of_every_property_fits_its_operation(kind):
    operation = MODELS[kind.service].operation_model(kind.update)
    shape: Any = operation.input_shape
    members = shape if kind.update_wrapper is None else shape.members[kind.update_wrapper]
    after = examples(kind, kind.schema.updated - kind.own_calls, members)
    if after:
        identifiers = dict.fromkeys(kind.schema.properties - after.keys() - kind.arranged, "1")
        resource = PhysicalResource(TARGET, identifiers)
        call = next(kind.update_steps(resource, {**identifiers, **after}, context("shop", "Thing", "token")))
        assert isinstance(call, Call)
        fit_input(call, operation)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_the_paths_of_a_type_are_expressions(kind):
    paths = [kind.identifier, *kind.attributes.values()]
    paths += [read.path for read in (kind.read, kind.read_repeated, *kind.lookups.values()) if read]
    paths += [path for stable in (kind.stable, kind.gone) if stable for path in (stable.path, stable.reason)]
    for path in paths:
        jmespath.compile(path.replace("$", ""))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_a_changed_property_replaces_the_resource_or_can_be_updated(kind):
    for name in kind.schema.properties - kind.schema.unsupported:
        replaced = kind.must_replace({name: 1}, {name: 2})
        assert replaced or kind.update or name in kind.own_calls, name
        assert not kind.must_replace({name: 1}, {name: 1})


@pytest.mark.parametrize(
    ("stack", "logical_id", "longest", "start"),
    [
        ("shop", "Logs", 255, "shop-Logs-"),
        ("a" * 128, "b" * 255, 255, "a" * 121 + "-"),
        ("shop", "ApplicationLoadBalancer", 32, "shop-ApplicationLo-"),
        ("a-very-long-name-of-a-stack", "Lb", 32, "a-very-long-name-Lb-"),
    ],
)
def test_a_drawn_name_keeps_to_its_length(stack, logical_id, longest, start):
    name = context(stack, logical_id, "token").generate_name(longest)
    assert len(name) <= longest
    assert name.startswith(start[:10])
    assert name == context(stack, logical_id, "token").generate_name(longest)
    assert name != context(stack, logical_id, "other").generate_name(longest)


def test_a_service_waits_for_its_rollout_and_fails_with_it():
    kind = resource_types()["AWS::ECS::Service"]
    resource = PhysicalResource("arn:service", {"Cluster": "shop"})
    steps = kind.describe(resource, kind.stable)
    call = next(steps)
    assert isinstance(call, Call)
    assert call.input == {"cluster": "shop", "services": ["arn:service"]}

    def answer(state: str) -> dict[str, object]:
        deployment = {"status": "PRIMARY", "rolloutState": state, "rolloutStateReason": "tasks failed to start."}
        return {"services": [{"status": "ACTIVE", "serviceName": "web", "deployments": [deployment]}]}

    wait = steps.send(answer("IN_PROGRESS"))
    assert isinstance(wait, Wait)
    assert wait.seconds < 1
    next(steps)
    with pytest.raises(ResourceFailed, match="tasks failed to start"):
        steps.send(answer("FAILED"))
    steps = kind.describe(resource, kind.stable)
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(answer("COMPLETED"))
    assert end.value.value.attributes["Name"] == "web"


def test_a_creation_that_is_repeated_after_an_interruption_accepts_what_it_created():
    kind = resource_types()["AWS::CloudWatch::Dashboard"]
    properties = {"DashboardName": "shop", "DashboardBody": "{}"}
    first = context("shop", "Dashboard", "token")
    operations = [next(kind.create_steps(properties, each)) for each in (first, replace(first, is_repeated=True))]
    unnamed = next(kind.create_steps({"DashboardBody": "{}"}, first))
    assert [step.operation for step in (*operations, unnamed) if isinstance(step, Call)] == [
        "GetDashboard",
        "PutDashboard",
        "PutDashboard",
    ]


def table_calls(**properties: object) -> list[str]:
    """The first operation of the creation of a global table with these properties, and the names of its members."""
    stack = replace(STACK, arn=StackId("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1"))
    kind = resource_types()["AWS::DynamoDB::GlobalTable"]
    replicas = [{"Region": stack.scope.region}]
    call = next(kind.create_steps({"Replicas": replicas, **properties}, ResourceContext(stack, "Table", "token")))
    assert isinstance(call, Call)
    return [call.operation, *call.input]


def test_a_global_table_is_consistent_between_regions_as_any_table_is():
    assert table_calls(MultiRegionConsistency="EVENTUAL") == table_calls()
    with pytest.raises(ResourceFailed, match="MultiRegionConsistency must be EVENTUAL"):
        table_calls(MultiRegionConsistency="STRONG")


@pytest.mark.parametrize("enabled", [False, True])
def test_an_update_of_a_service_forces_a_deployment(enabled):
    kind = resource_types()["AWS::ECS::Service"]
    forced = {"ForceNewDeployment": {"EnableForceNewDeployment": enabled, "ForceNewDeploymentNonce": "2"}}
    assert "ForceNewDeployment" not in kind.creation_input(forced)
    call = next(kind.update_steps(PhysicalResource("arn:service", {}), forced, context("shop", "Web", "token")))
    assert isinstance(call, Call)
    assert call.input["ForceNewDeployment"] is enabled


def test_an_update_can_take_away_what_has_a_default():
    rows = resource_types().values()
    without_default = {
        (row.name, name)
        for row in rows
        for name, each in row.follow.items()
        if not (each.reset or each.default or each.complete)
    }
    assert without_default == KEPT


GROUP = resource_types()[AUTO_SCALING_GROUP]
SIZES = {"MinSize": "1", "MaxSize": "4", "DesiredCapacity": "2", "Cooldown": "60"}


@pytest.mark.parametrize("ignores", [True, "true", False])
def test_a_group_keeps_the_sizes_that_scheduled_actions_have_set(ignores):
    policy = {"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": ignores}}
    kept = replace(context("shop", "Group", "token"), update_policy=policy)
    after = {**SIZES, "MaxSize": "6", "Cooldown": "90"}
    call = next(GROUP.update_steps(PhysicalResource("group", SIZES), after, kept))
    assert isinstance(call, Call)
    sent = {"AutoScalingGroupName", "MaxSize", "DefaultCooldown"}
    assert call.input.keys() == (sent if ignores else sent | {"MinSize", "DesiredCapacity"})


@pytest.mark.parametrize("replaces", [True, "true", False])
def test_a_group_is_replaced_where_its_policy_says_so(replaces):
    policy = {"AutoScalingReplacingUpdate": {"WillReplace": replaces}}
    before, after = {"LaunchConfigurationName": "a", **SIZES}, {"LaunchConfigurationName": "b", **SIZES, "MaxSize": "6"}
    assert replaced_properties(GROUP, policy, before, after) == ({"LaunchConfigurationName"} if replaces else set())
    assert update_policy_complaint(AUTO_SCALING_GROUP, policy) is None


def test_a_property_that_is_taken_away_gets_its_default():
    kind = resource_types()["AWS::DynamoDB::Table"]
    table = PhysicalResource("orders", {})
    attempted = {"TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True}}
    call = next(kind.update_steps(table, {}, context("shop", "Table", "token"), attempted))
    assert isinstance(call, Call)
    assert call.input["TimeToLiveSpecification"] == {"AttributeName": "until", "Enabled": False}
    bucket = PhysicalResource("logs", {"LoggingConfiguration": {"DestinationBucketName": "all"}})
    call = next(resource_types()["AWS::S3::Bucket"].update_steps(bucket, {}, context("shop", "Bucket", "token")))
    assert isinstance(call, Call)
    assert call.input["BucketLoggingStatus"] == {}


@pytest.mark.parametrize(
    ("properties", "count"),
    [({}, 1), ({"DesiredCount": 0}, 0), ({"SchedulingStrategy": "DAEMON"}, None)],
)
def test_a_service_without_a_number_of_tasks_is_created_with_one_and_keeps_it(properties, count):
    kind = resource_types()["AWS::ECS::Service"]
    assert kind.creation_input(properties).get("DesiredCount") == count
    resource = PhysicalResource("arn:service", properties)
    call = next(kind.update_steps(resource, {**properties, "Cluster": "shop"}, context("shop", "Web", "token")))
    assert isinstance(call, Call)
    assert "desiredCount" not in {name[0].lower() + name[1:] for name in call.input}
