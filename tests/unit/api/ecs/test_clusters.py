"""Clusters: defaults, revival, default namespaces, deletion, paging."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import ServiceStatus
from tests.unit.api.ecs.client import ARN, NETWORK


def test_a_cluster_without_a_name_is_default(ecs):
    cluster = ecs.call("CreateCluster")["cluster"]
    assert cluster["clusterArn"] == f"{ARN}cluster/default"
    assert cluster["status"] == "ACTIVE"
    assert cluster["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    assert cluster["capacityProviders"] == cluster["defaultCapacityProviderStrategy"] == cluster["statistics"] == []


def test_creating_an_existing_cluster_returns_it_unchanged(ecs):
    first = ecs.call("CreateCluster", clusterName="shop", tags=[{"key": "a", "value": "1"}])
    assert ecs.call("CreateCluster", clusterName="shop", tags=[{"key": "b", "value": "2"}]) == first


def test_a_new_default_namespace_is_made_and_an_existing_one_is_used(ecs):
    first = ecs.call("CreateCluster", clusterName="a", serviceConnectDefaults={"namespace": "shop"})["cluster"]
    second = ecs.call("CreateCluster", clusterName="b", serviceConnectDefaults={"namespace": "shop"})["cluster"]
    third = ecs.call("CreateCluster", clusterName="c", serviceConnectDefaults=first["serviceConnectDefaults"])[
        "cluster"
    ]
    assert first["serviceConnectDefaults"] == second["serviceConnectDefaults"] == third["serviceConnectDefaults"]
    assert [(n.name, n.type) for n in ecs.world.namespaces] == [("shop", "HTTP")]


def test_an_empty_default_namespace_removes_it(ecs):
    ecs.call("CreateCluster", serviceConnectDefaults={"namespace": "shop"})
    response = ecs.call(
        "UpdateCluster", cluster="default", settings=[{"name": "containerInsights", "value": "enabled"}]
    )
    assert "serviceConnectDefaults" in response["cluster"]
    cluster = ecs.call("UpdateCluster", cluster="default", serviceConnectDefaults={"namespace": ""})["cluster"]
    assert "serviceConnectDefaults" not in cluster
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert len(ecs.world.namespaces) == 1


def test_describe_includes_requested_fields(shop):
    shop.service()
    names = ("ATTACHMENTS", "SETTINGS", "STATISTICS", "TAGS")
    plain = shop.call("DescribeClusters")["clusters"][0]
    assert plain["statistics"] == plain["settings"] == plain["tags"] == []
    shop.call("UpdateCluster", cluster="default", serviceConnectDefaults={"namespace": "shop.local"})
    full = shop.call("DescribeClusters", clusters=["default"], include=names)["clusters"][0]
    assert {"name": "activeFargateServiceCount", "value": "1"} in full["statistics"]
    assert full["activeServicesCount"] == 1
    assert full["attachments"][0]["type"] == "sc"
    assert full["attachmentsStatus"] == "UPDATE_COMPLETE"


def test_missing_clusters_are_failures(ecs):
    ecs.call("CreateCluster", clusterName="a")
    answer = ecs.call("DescribeClusters", clusters=["a", "b", f"{ARN}cluster/c"])
    assert [c["clusterName"] for c in answer["clusters"]] == ["a"]
    assert answer["failures"] == [{"arn": f"{ARN}cluster/{c}", "reason": "MISSING"} for c in "bc"]


def test_a_deleted_cluster_is_described_as_inactive_and_can_be_recreated(ecs):
    ecs.call("CreateCluster", clusterName="a", tags=[{"key": "k", "value": "v"}])
    assert ecs.call("DeleteCluster", cluster="a")["cluster"]["status"] == "INACTIVE"
    assert ecs.call("DescribeClusters", clusters=["a"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs.call("ListClusters")["clusterArns"] == []
    ecs.fails("UpdateCluster", "ClusterNotFoundException", "The referenced cluster was inactive.", cluster="a")
    cluster = ecs.call("CreateCluster", clusterName="a")["cluster"]
    assert (cluster["status"], cluster["tags"]) == ("ACTIVE", [])


def test_a_cluster_with_services_or_tasks_cannot_be_deleted(shop):
    shop.service()
    shop.fails("DeleteCluster", "ClusterContainsServicesException", "while Services are active.", cluster="default")
    service = next(iter(shop.world.services))
    shop.put(replace(service, status=ServiceStatus.INACTIVE))
    shop.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)
    shop.fails("DeleteCluster", "ClusterContainsTasksException", "while Tasks are active.", cluster="default")


def test_capacity_providers_are_recorded_and_shown(ecs):
    ecs.call("CreateCluster")
    strategy = [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}]
    ecs.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=strategy,
    )
    cluster = ecs.call("DescribeClusters")["clusters"][0]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert cluster["defaultCapacityProviderStrategy"] == strategy


def _sessions(**settings):
    return {"executeCommandConfiguration": settings}


def _item(provider, weight=1, base=0):
    return {"capacityProvider": provider, "weight": weight, "base": base}


@pytest.mark.parametrize(
    "settings",
    [
        {"logging": "DEFAULT"},
        {"logging": "OVERRIDE", "kmsKeyId": "k", "logConfiguration": {"cloudWatchLogGroupName": "/exec"}},
    ],
)
def test_settings_of_exec_sessions_are_recorded_and_shown(ecs, settings):
    ecs.call("CreateCluster", configuration=_sessions(**settings))
    [cluster] = ecs.call("DescribeClusters", include=["CONFIGURATIONS"])["clusters"]
    described = cluster["configuration"]["executeCommandConfiguration"]
    assert described["logging"] == settings["logging"]
    assert described.get("kmsKeyId") == settings.get("kmsKeyId")
    logs = described.get("logConfiguration", {})
    assert logs.get("cloudWatchLogGroupName") == settings.get("logConfiguration", {}).get("cloudWatchLogGroupName")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"clusterName": "no spaces"}, "clusterName must be"),
        ({"clusterName": ""}, "clusterName must be"),
        ({"clusterName": "a" * 256}, "clusterName must be"),
        ({"settings": [{"name": "containerInsights", "value": "maybe"}]}, "can't be 'maybe'"),
        ({"capacityProviders": ["mine"]}, "The specified capacity provider does not exist."),
        ({"defaultCapacityProviderStrategy": [_item("FARGATE")]}, "not associated with the cluster"),
        (
            {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [_item("FARGATE", weight=0)]},
            "weight value greater than zero",
        ),
        (
            {
                "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "defaultCapacityProviderStrategy": [_item("FARGATE", base=1), _item("FARGATE_SPOT", base=1)],
            },
            "multiple capacity providers with a base value defined",
        ),
        ({"serviceConnectDefaults": {"namespace": "a/b"}}, "printable ASCII"),
        ({"serviceConnectDefaults": {"namespace": "x" * 1025}}, "up to 1024"),
        (
            {"configuration": {"executeCommandConfiguration": {"logging": "OVERRIDE"}}},
            "logConfiguration must be specified with logging OVERRIDE",
        ),
        ({"configuration": _sessions(logConfiguration={"s3BucketName": "b"})}, "is for logging OVERRIDE only"),
        ({"tags": [{"key": "aws:x", "value": "1"}]}, "reserved"),
        ({"tags": [{"key": "a"}, {"key": "a"}]}, "given twice"),
        ({"tags": [{"key": str(n)} for n in range(51)]}, "less than or equal to 50"),
    ],
)
def test_invalid_clusters_are_refused(ecs, params, message):
    ecs.fails("CreateCluster", "InvalidParameterException", message, **params)


def test_a_default_namespace_by_an_unknown_arn_is_not_found(ecs):
    arn = "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-0"
    ecs.fails("CreateCluster", "NamespaceNotFoundException", "not found", serviceConnectDefaults={"namespace": arn})


@pytest.mark.parametrize(
    ("cluster", "code", "message"),
    [
        ("none", "ClusterNotFoundException", "Cluster not found."),
        (f"{ARN}cluster/none", "ClusterNotFoundException", "Cluster not found."),
        (f"{ARN}cluster/a/b", "InvalidParameterException", "Unexpected number of separators"),
        ("a\r", "InvalidParameterException", "Unexpected number of separators"),
        ("a/b", "InvalidParameterException", "Unexpected number of separators"),
        ("", "InvalidParameterException", "Identifier is empty"),
    ],
)
@pytest.mark.parametrize("operation", ["UpdateCluster", "DeleteCluster", "ListServices", "ListTasks"])
def test_an_unknown_cluster_is_not_found(ecs, operation, cluster, code, message):
    ecs.fails(operation, code, message, cluster=cluster)


def test_a_list_continues_after_concurrent_changes(ecs):
    for name in ("b", "d", "f"):
        ecs.call("CreateCluster", clusterName=name)
    first = ecs.call("ListClusters", maxResults=2)
    assert first["clusterArns"] == [f"{ARN}cluster/b", f"{ARN}cluster/d"]
    ecs.call("DeleteCluster", cluster="d")
    ecs.call("CreateCluster", clusterName="a")
    ecs.call("CreateCluster", clusterName="e")
    second = ecs.call("ListClusters", maxResults=2, nextToken=first["nextToken"])
    assert second == {"clusterArns": [f"{ARN}cluster/e", f"{ARN}cluster/f"]}


@pytest.mark.parametrize("token", ["", "x", "!!!!", "W10=", "bnVsbA==", "A" * 9000])
def test_an_unknown_next_token_is_refused(ecs, token):
    ecs.fails("ListClusters", "InvalidParameterException", "nextToken", nextToken=token)


def test_a_next_token_of_another_call_is_refused(ecs):
    for name in ("a", "b"):
        ecs.call("CreateCluster", clusterName=name)
    token = ecs.call("ListClusters", maxResults=1)["nextToken"]
    ecs.fails("ListServices", "InvalidParameterException", "another call", cluster="a", nextToken=token)


@pytest.mark.parametrize("number", [0, 101, -1])
def test_a_page_has_one_to_a_hundred_items(ecs, number):
    ecs.fails("ListClusters", "InvalidParameterException", "between 1 and 100", maxResults=number)
