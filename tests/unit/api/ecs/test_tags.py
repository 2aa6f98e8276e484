"""Tags of everything that can have them."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import ARN, NETWORK, service


@pytest.fixture
def arns(shop) -> dict[str, str]:
    [task] = shop.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)["tasks"]
    return {
        "cluster": f"{ARN}cluster/default",
        "service": shop.service()["serviceArn"],
        "task": task["taskArn"],
        "task-definition": f"{ARN}task-definition/web:1",
    }


@pytest.mark.parametrize("kind", ["cluster", "service", "task", "task-definition"])
def test_tags_are_added_replaced_listed_and_removed(shop, arns, kind):
    arn = arns[kind]
    tags = [{"key": "a", "value": "1"}, {"key": "b"}]
    assert shop.call("TagResource", resourceArn=arn, tags=tags) == {}
    shop.call("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "2"}])
    assert shop.call("UntagResource", resourceArn=arn, tagKeys=["b", "none"]) == {}
    assert shop.call("ListTagsForResource", resourceArn=arn) == {"tags": [{"key": "a", "value": "2"}]}


def test_a_resource_has_fifty_tags_at_most(shop, arns):
    arn = arns["service"]
    shop.call("TagResource", resourceArn=arn, tags=[{"key": str(n)} for n in range(50)])
    shop.fails("TagResource", "InvalidParameterException", "at most 50 tags", resourceArn=arn, tags=[{"key": "x"}])
    shop.call("TagResource", resourceArn=arn, tags=[{"key": "49", "value": "changed"}])


def test_tags_tune_a_service(shop, arns):
    shop.service("tuned", tags=[{"key": "moyai:retries", "value": "5"}, {"key": "team", "value": "a"}])
    shop.call("TagResource", resourceArn=f"{ARN}service/default/tuned", tags=[{"key": "moyai:retries", "value": "off"}])
    shop.call("UntagResource", resourceArn=f"{ARN}service/default/tuned", tagKeys=["moyai:retries"])
    assert shop.world.services[f"{ARN}service/default/tuned"].tags == {"team": "a"}


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ({"key": "moyai:retrys", "value": "1"}, "The tag moyai:retrys is no setting of moyai. A service can have"),
        ({"key": "moyai:retries", "value": "many"}, "The tag moyai:retries must be a number from 0 to 10, or off"),
        ({"key": "moyai:retries"}, "The tag moyai:retries must be a number from 0 to 10, or off, not ''"),
    ],
)
def test_a_misspelt_setting_is_refused_in_every_operation(shop, arns, tag, message):
    shop.fails("TagResource", "InvalidParameterException", message, resourceArn=arns["service"], tags=[tag])
    shop.fails("CreateService", "InvalidParameterException", message, **service("other", tags=[tag]))


@pytest.mark.parametrize("kind", ["task", "task-definition"])
def test_only_services_can_be_tuned(shop, arns, kind):
    tags = [{"key": "moyai:retries", "value": "1"}]
    message = f"There is none for a {kind}."
    shop.fails("TagResource", "InvalidParameterException", message, resourceArn=arns[kind], tags=tags)


def test_propagated_settings_are_plain_tags_of_tasks(shop, arns):
    tags = [{"key": "moyai:retries", "value": "1"}]
    shop.service("tuned", tags=tags, propagateTags="SERVICE")
    assert shop.world.services[f"{ARN}service/default/tuned"].tags == {"moyai:retries": "1"}


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        ("web", "InvalidParameterException", "must be the ARN"),
        ("arn:aws:sqs:us-east-1:123456789012:queue", "InvalidParameterException", "must be the ARN"),
        ("arn:aws:ecs:eu-west-1:123456789012:cluster/default", "InvalidParameterException", "must be the ARN"),
        (f"{ARN}service", "InvalidParameterException", "must be the ARN"),
        (f"{ARN}task-set/default/web/1", "InvalidParameterException", "task-set is not supported"),
        (f"{ARN}container-instance/default/1", "InvalidParameterException", "container-instance was not found."),
        (f"{ARN}cluster/none", "ClusterNotFoundException", "Cluster not found."),
        (f"{ARN}service/none/web", "ClusterNotFoundException", "Cluster not found."),
        (f"{ARN}service/default/none", "InvalidParameterException", "The specified service was not found."),
        (f"{ARN}task/default/{'0' * 32}", "InvalidParameterException", "The specified task was not found."),
        (f"{ARN}task-definition/web:9", "InvalidParameterException", "The specified task-definition was not found."),
    ],
)
def test_resources_without_tags_are_refused(shop, arn, code, message):
    shop.fails("TagResource", code, message, resourceArn=arn, tags=[{"key": "a"}])
    shop.fails("UntagResource", code, message, resourceArn=arn, tagKeys=["a"])
    shop.fails("ListTagsForResource", code, message, resourceArn=arn)


@pytest.mark.parametrize(
    ("kind", "key", "value", "message"),
    [
        ("cluster", "moyai:live-endpoint", "on", "no setting of moyai. A cluster can have moyai:live-endpoints"),
        ("cluster", "Moyai:live-endpoints", "on", "no setting of moyai"),
        ("cluster", "moyai:live-endpoints", "yes", "is on or off, not 'yes'"),
        ("service", "moyai:live-endpoints", "on", "no setting of moyai"),
        ("task", "moyai:live-endpoints", "on", "There is none for a task"),
        ("task-definition", "moyai:x", "1", "There is none for a task-definition"),
    ],
)
def test_an_unknown_setting_is_refused_and_changes_nothing(shop, arns, kind, key, value, message):
    tag = {"key": key, "value": value}
    shop.fails("TagResource", "InvalidParameterException", message, resourceArn=arns[kind], tags=[tag])
    assert shop.call("ListTagsForResource", resourceArn=arns[kind]) == {"tags": []}


def test_a_clusters_live_endpoints_setting_is_validated(shop):
    tags = [{"key": "moyai:live-endpoints", "value": "on"}]
    assert shop.call("CreateCluster", clusterName="live", tags=tags)["cluster"]["tags"] == tags
    tags[0]["value"] = "maybe"
    shop.fails("CreateCluster", "InvalidParameterException", "is on or off", clusterName="other", tags=tags)


def test_no_resource_is_created_with_a_setting_it_cannot_have(shop):
    tags = [{"key": "moyai:nonsense", "value": "on"}]
    code, text = "InvalidParameterException", "moyai:nonsense is no setting"
    shop.fails("RunTask", code, text, taskDefinition="web", networkConfiguration=NETWORK, tags=tags)
    more = {"taskDefinition": "web", "networkConfiguration": NETWORK, "desiredCount": 1, "launchType": "FARGATE"}
    shop.fails("CreateService", code, text, serviceName="x", tags=tags, **more)
    container = {"name": "app", "image": "moyai.local/host"}
    shop.fails(
        "RegisterTaskDefinition", "ClientException", text, family="x", containerDefinitions=[container], tags=tags
    )
