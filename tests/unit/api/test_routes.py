"""Whose request it is: each form of requests, signed, presigned and unsigned."""

from __future__ import annotations

import pytest

from moyai.api.models import load_models
from moyai.api.router import Router
from moyai.api.sigv4 import credential
from moyai.api.wire.http import HttpRequest

FORM = "application/x-www-form-urlencoded"
ROUTER = Router(load_models(["ecs", "ec2", "appmesh", "cloudwatch", "sts", "elbv2"]))


def signature(service, **headers):
    scope = f"111122223333/20261128/us-east-1/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    return {"authorization": authorization, **{name.replace("_", "-"): text for name, text in headers.items()}}


def route(request):
    authorization = credential(request)
    return ROUTER.route(request, authorization and authorization.service)


PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=111122223333%2F20261128%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20261128T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
)
JSON = "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    ("request_", "service", "protocol"),
    [
        (HttpRequest("GET", "/", "", signature("s3")), "s3", "s3"),
        (HttpRequest("PUT", "/bucket/key", "", signature("s3")), "s3", "s3"),
        (HttpRequest("PUT", "/bucket/key", "", signature("s3", content_type=FORM)), "s3", "s3"),
        (HttpRequest("GET", "/v20190125/meshes", "", signature("s3")), "s3", "s3"),
        (HttpRequest("GET", "/bucket/key", PRESIGNED, {}), "s3", "s3"),
        (HttpRequest("GET", "/bucket/key", "", {}), "s3", "s3"),
        (HttpRequest("GET", "/bucket/.well-known/jwks.json", "", {}), "s3", "s3"),
        (HttpRequest("GET", "/us-east-1_Ab1/.well-known/jwks.json", "", {}), "cognito-idp", "rest-json"),
        (HttpRequest("GET", "/", "", {"host": "bucket.s3.localhost:4566"}), "s3", "s3"),
        (HttpRequest("POST", "/bucket", "", {"content-type": "multipart/form-data; boundary=x"}), "s3", "s3"),
        (HttpRequest("GET", "/2013-04-01/hostedzone", "", signature("route53")), "route53", "rest-xml"),
        (HttpRequest("GET", "/2015-03-31/functions", "", signature("lambda")), "lambda", "rest-json"),
        (HttpRequest("POST", "/", "", signature("sqs", x_amz_target="AmazonSQS.ListQueues")), "sqs", "json"),
        (HttpRequest("POST", "/", "", {"x-amz-target": "AmazonSQS.ListQueues"}), "sqs", "json"),
        (HttpRequest("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.ListTables"}), "dynamodb", "json"),
        (HttpRequest("POST", "/", "", signature("iam", content_type=FORM)), "iam", "query"),
        (HttpRequest("POST", "/", "", {"content-type": FORM}, b"Action=ListRoles&Version=2010-05-08"), "iam", "query"),
        (HttpRequest("POST", "/service/Foo/operation/Bar", "", signature("foo")), "foo", "smithy-rpc-v2-cbor"),
    ],
    ids=lambda value: f"{value.method} {value.path}" if isinstance(value, HttpRequest) else value,
)
def test_a_service_that_moyai_lacks_is_delegated(request_, service, protocol):
    routed = route(request_)
    assert (routed.delegated_service, routed.protocol, routed.service) == (service, protocol, None)


@pytest.mark.parametrize(
    ("request_", "service", "operation"),
    [
        (HttpRequest("GET", "/v20190125/meshes", "", signature("appmesh")), "appmesh", "ListMeshes"),
        (HttpRequest("GET", "/v20190125/meshes", "", {}), "appmesh", "ListMeshes"),
        (
            HttpRequest("POST", "/", "", {"x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters"}),
            "ecs",
            "ListClusters",
        ),
        (
            HttpRequest("POST", "/", "", {"content-type": FORM}, b"Action=DescribeVpcs&Version=2016-11-15"),
            "ec2",
            "DescribeVpcs",
        ),
        (HttpRequest("POST", "/", "", signature("sts", content_type=FORM), b"Action=Wake"), "sts", None),
        (
            HttpRequest(
                "POST", "/", "", signature("iam", x_amz_target="AmazonEC2ContainerServiceV20141113.ListClusters")
            ),
            "ecs",
            "ListClusters",
        ),
    ],
    ids=lambda value: f"{value.method} {value.path}" if isinstance(value, HttpRequest) else value,
)
def test_a_service_of_moyai_is_its_own(request_, service, operation):
    routed = route(request_)
    assert (routed.delegated_service, routed.service, routed.operation) == (None, service, operation)


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("POST", "/", "", {"content-type": JSON}, b"{}"),
        HttpRequest("POST", "/", "", {"content-type": FORM}, b"Action=Nothing&Version=2000-01-01"),
        HttpRequest("POST", "/", "", {"x-amz-target": "Nobody.Nothing"}, b"{}"),
        HttpRequest("GET", "/", "", signature("Not_A_Service!")),
    ],
    ids=["no target", "no version", "no service", "no name"],
)
def test_a_request_that_names_no_service_is_nobodys(request_):
    routed = route(request_)
    assert (routed.delegated_service, routed.service) == (None, None)
