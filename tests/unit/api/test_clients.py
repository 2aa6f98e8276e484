"""The SDK's real clients, over HTTP, against a toy service table."""

from __future__ import annotations

import asyncio

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from moyai.api.asgi import Limits
from moyai.app.clock import SystemClock
from moyai.testing.ids import SeededIds
from tests.unit.api import world


def client(service, url, key="AKIDEXAMPLE", secret="secret", **changes):  # noqa: S107  opens nothing
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-north-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, **changes),
    )


@pytest.fixture
async def url():
    async with world.serving(world.app()) as url:
        yield url


async def call(function, /, **params):
    return await asyncio.to_thread(function, **params)


async def test_the_ecs_client_uses_json(url):
    answer = await call(client("ecs", url).create_cluster, clusterName="shop", tags=[{"key": "a", "value": "b"}])
    assert answer["cluster"]["clusterArn"] == "arn:aws:ecs:eu-north-1:123456789012:cluster/shop"
    assert answer["cluster"]["tags"] == [{"key": "a", "value": "b"}]
    assert answer["ResponseMetadata"]["RequestId"] == SeededIds().uuid()


async def test_an_account_number_as_access_key_is_the_account(url):
    answer = await call(client("sts", url, key="111122223333").get_caller_identity)
    assert answer["Account"] == "111122223333"
    assert answer["Arn"] == "arn:aws:iam::111122223333:root"


async def test_a_modelled_error_is_the_clients_own_exception(url):
    ecs = client("ecs", url)
    with pytest.raises(ecs.exceptions.ClusterNotFoundException, match="Cluster not found"):
        await call(ecs.describe_clusters, clusters=["nowhere"])


async def test_the_cloud_map_client_uses_cbor(url):
    cloud_map = client("servicediscovery", url, inject_host_prefix=False)
    answer = await call(cloud_map.discover_instances, NamespaceName="shop", ServiceName="front", MaxResults=2)
    assert [instance["Attributes"]["AWS_INSTANCE_PORT"] for instance in answer["Instances"]] == ["8080", "8080"]
    assert answer["InstancesRevision"] == 7


async def test_the_sdks_data_host_prefix_is_accepted(url):
    url = url.replace("127.0.0.1", "localhost")
    seen = []
    cloud_map = client("servicediscovery", url)
    cloud_map.meta.events.register("before-send", lambda request, **_: seen.append(request.url))
    cloud_map.meta.events.register("before-send", _to_localhost)
    await call(cloud_map.discover_instances, NamespaceName="shop", ServiceName="front")
    assert seen[0].startswith("http://data-localhost:")


def _to_localhost(request, **_):
    """Stands in for a resolver that knows data-localhost."""
    request.headers["Host"] = request.url.split("/")[2]
    request.url = request.url.replace("data-localhost", "127.0.0.1")


async def test_the_ec2_client_uses_the_ec2_query_protocol(url):
    answer = await call(client("ec2", url).describe_vpcs, VpcIds=["vpc-1", "vpc-2"])
    assert [(vpc["VpcId"], vpc["IsDefault"]) for vpc in answer["Vpcs"]] == [("vpc-1", True), ("vpc-2", True)]


async def test_the_cloudwatch_client_uses_compressed_cbor(url):
    cloudwatch = client("cloudwatch", url, request_min_compression_size_bytes=100)
    assert (await call(cloudwatch.list_metrics, Namespace="ECS"))["Metrics"][0]["Namespace"] == "ECS"
    data = [{"MetricName": f"m{number}", "Value": 1.5} for number in range(100)]
    await call(cloudwatch.put_metric_data, Namespace="ECS", MetricData=data)


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("ecs", "list_clusters", {}, "UnsupportedOperationException"),
        ("appmesh", "list_meshes", {}, "UnsupportedOperationException"),
        ("appmesh", "describe_mesh", {"meshName": "a b"}, "UnsupportedOperationException"),
        ("logs", "describe_log_groups", {}, "UnsupportedOperationException"),
        ("acm-pca", "list_certificate_authorities", {}, "UnsupportedOperationException"),
        ("ec2", "describe_instances", {}, "UnsupportedOperation"),
        ("cloudwatch", "describe_alarms", {}, "UnsupportedOperationException"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_unsupported_operations_are_named(url, service, operation, params, code):
    with pytest.raises(ClientError) as caught:
        await call(getattr(client(service, url), operation), **params)
    assert caught.value.response["Error"]["Code"] == code
    assert operation.replace("_", "") in caught.value.response["Error"]["Message"].replace(" ", "").lower()


async def test_with_keys_every_request_is_verified():
    keys = world.Keys(AKIDEXAMPLE="secret")
    async with world.serving(world.app(Limits(any_origin=True), keys=keys, clock=SystemClock())) as url:
        for service, operation in [("sts", "get_caller_identity"), ("cloudwatch", "list_metrics")]:
            await call(getattr(client(service, url), operation))
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            await call(client("sts", url, secret="wrong").get_caller_identity)
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            await call(client("ecs", url, key="AKIDOTHER").create_cluster)
    async with world.serving(world.app(keys=keys)) as url:
        with pytest.raises(ClientError, match=r"InvalidSignatureException.*Signature"):
            await call(client("ecs", url).create_cluster)
