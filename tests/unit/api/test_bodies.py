"""Broken, wrong and hostile bodies, through the gateway."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

import cbor2
import msgspec
import pytest

from moyai.api.wire.http import HttpRequest
from moyai.api.wire.unknown_members import MOST_REPORTED
from moyai.ports.store import StateUnwritable
from tests.contract.wire import peer
from tests.unit.api import world


def ecs(body: bytes, operation="CreateCluster", **headers) -> HttpRequest:
    params = {"x-amz-target": f"AmazonEC2ContainerServiceV20141113.{operation}", "host": "localhost"}
    return HttpRequest("POST", "/", "", params | {"content-type": "application/x-amz-json-1.1"} | headers, body)


def discover(body: bytes, **headers) -> HttpRequest:
    path = "/service/Route53AutoNaming_v20170314/operation/DiscoverInstances"
    kind = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor", "host": "localhost"}
    return HttpRequest("POST", path, "", kind | headers, body)


def form(body: str, **headers) -> HttpRequest:
    kind = {"content-type": "application/x-www-form-urlencoded", "host": "localhost"}
    return HttpRequest("POST", "/", "", kind | headers, body.encode())


async def error(request: HttpRequest, protocol: str = "json") -> tuple[int, str, str]:
    response = await world.gateway().answer(request)
    error_detail = peer.read(protocol, None, response)["Error"]
    return response.status, error_detail["Code"], error_detail["Message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"clusterName":', "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "The request: expected a structure, not a list."),
        (b'"text"', "expected a structure, not a string"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"clusterName": 5}', "clusterName: expected a string, not a number."),
        (b'{"clusterName": ["a"]}', "clusterName: expected a string, not a list."),
        (b'{"tags": {}}', "tags: expected a list, not a structure."),
        (b'{"tags": [{"key": "a"}, {"key": true}]}', "tags[1].key: expected a string, not a boolean."),
        (b'{"tags": [null]}', "tags[0]: expected a structure, not null."),
    ],
    ids=lambda value: value[:30].decode("latin-1") if isinstance(value, bytes) else "",
)
async def test_malformed_json_is_refused(body, words):
    status, code, message = await error(ecs(body))
    assert (status, code) == (400, "SerializationException")
    assert words in message


async def test_members_that_the_model_lacks_are_ignored_and_reported(caplog):
    gateway = world.gateway()
    body = b'{"clusterName": "shop", "new": {"a": [1]}, "tags": [{"key": "a", "since\xc3\xa9": 1}]}'
    responses = [await gateway.answer(ecs(body)) for _ in range(2)]
    assert [r.status for r in responses] == [200, 200]
    names = ["CreateClusterRequest.new", "Tag.since?"]
    assert [r.headers["x-moyai-ignored-members"] for r in responses] == [", ".join(names)] * 2
    assert gateway.ignored_members.reports == tuple(("ecs CreateCluster", name) for name in names)
    assert sum("was ignored" in message for message in caplog.messages) == len(names)
    known = await gateway.answer(ecs(b'{"clusterName": "shop"}'))
    assert "x-moyai-ignored-members" not in known.headers


async def test_unknown_members_fill_no_memory():
    gateway = world.gateway()
    members = ", ".join(f'"m{number}": 1' for number in range(10_000))
    response = await gateway.answer(ecs(b"{%s}" % members.encode()))
    assert len(gateway.ignored_members.reports) == MOST_REPORTED
    assert len(response.headers["x-moyai-ignored-members"]) < 1100


async def test_null_is_absence():
    response = await world.gateway().answer(ecs(b'{"clusterName": null, "tags": null}'))
    assert msgspec.json.decode(response.body)["cluster"]["clusterName"] == "default"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "NamespaceName"),
        (b"\xa1", "not valid CBOR"),
        (cbor2.dumps({"NamespaceName": 1}), "NamespaceName: expected a string, not a number."),
        (cbor2.dumps({"NamespaceName": "a"}) + b"\x00", "has more bytes after its CBOR value"),
        (b"\x81" * 100_000 + b"\x00", "nesting depth"),
        (b"\x9b\x00\xff\xff\xff\xff\xff\xff\xff", "not valid CBOR"),
        (b"\xa2\x61a\x01\x61a\x02", "Duplicate"),
        (b"\xa1\x01\x02", "map key"),
        (cbor2.dumps({"NamespaceName": cbor2.CBORTag(28, [cbor2.CBORTag(29, 0)])}), "not valid CBOR"),
        (cbor2.dumps({"NamespaceName": cbor2.CBORTag(256, ["a"])}), "not valid CBOR"),
        (cbor2.dumps({"MaxResults": 1 << 80}), "not valid CBOR"),
        (cbor2.dumps({"MaxResults": 1 << 40}), "does not fit in 32 bits"),
    ],
    ids=lambda value: value[:12].hex() if isinstance(value, bytes) else "",
)
async def test_malformed_cbor_is_refused(body, words):
    status, code, message = await error(discover(body), "smithy-rpc-v2-cbor")
    assert (status, code in {"SerializationException", "ValidationException"}) == (400, True)
    assert words in message


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            "Action=DescribeVpcs&Version=2016-11-15&VpcIds.1=a",
            "UnknownParameter",
            "The parameter VpcIds is not recognized",
        ),
        (
            "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=a&Filter.1.Operator=b",
            "UnknownParameter",
            "The parameter Operator is not recognized",
        ),
        ("Action=DescribeVpcs&Version=2016-11-15&VpcId.x=a", "InvalidParameterValue", "'x' is not the number"),
        (
            "Action=DescribeVpcs&Version=2016-11-15&VpcId=a",
            "InvalidParameterValue",
            "VpcIds: expected a list, not a string",
        ),
        ("Action=DescribeVpcs&Version=2016-11-15&MaxResults=many", "InvalidParameterValue", "MaxResults"),
        ("Action=DescribeVpcs&Version=2016-11-15&MaxResults=" + "9" * 50, "InvalidParameterValue", "32 bits"),
        (
            "Action=DescribeVpcs&Version=2016-11-15&" + ".".join("a" * 40) + "=1",
            "InvalidParameterValue",
            "too many parts",
        ),
        ("Action=DescribeVpcs&Version=2016-11-15&VpcId.1=a&VpcId.1.b=c", "InvalidParameterValue", "both for a value"),
        ("Action=NoSuch&Version=2016-11-15", "InvalidAction", "Action 'NoSuch'"),
        ("Action=DescribeVpcs", "InvalidAction", "Version ''"),
    ],
)
async def test_a_malformed_form_is_refused(body, code, words):
    status, found, message = await error(form(body), "ec2")
    assert (status, found) == (400, code)
    assert words in message


async def test_a_form_with_too_many_fields_is_refused():
    body = "Action=DescribeVpcs&Version=2016-11-15" + "".join(f"&VpcId.{n}=a" for n in range(10_001))
    assert (await error(form(body), "ec2"))[1] == "MalformedInput"


async def test_items_of_a_form_are_ordered_by_index():
    body = "Action=DescribeVpcs&Version=2016-11-15&VpcId.10=c&VpcId.2=b&VpcId.1=a"
    response = await world.gateway().answer(form(body))
    assert [text.split("<")[0] for text in response.body.decode().split("<vpcId>")[1:]] == ["a", "b", "c"]


async def test_a_get_request_may_use_the_query_protocol():
    request = HttpRequest("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", {"host": "localhost"})
    response = await world.gateway().answer(request)
    assert b"<Account>123456789012</Account>" in response.body


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_unsigned_changes_require_post(method):
    request = HttpRequest(
        method, "/", "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/16", {"host": "localhost"}
    )
    status, code, message = await error(request, "ec2")
    assert (status, code) == (403, "AccessDeniedException")
    assert message.startswith("CreateVpc is answered by POST alone")


UNMARKED = [
    pytest.param(ecs(b"{}", **{"content-type": kind}), "json", id=f"json as {kind}")
    for kind in (
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    )
]
UNMARKED += [
    pytest.param(discover(b"\xa0", **{"content-type": "text/plain"}), "smithy-rpc-v2-cbor", id="cbor as text"),
    pytest.param(discover(b"\xa0", **{"smithy-protocol": ""}), "smithy-rpc-v2-cbor", id="cbor without its header"),
    pytest.param(discover(b"", **{"smithy-protocol": ""}), "smithy-rpc-v2-cbor", id="no body, without the header"),
    pytest.param(
        form("Action=DescribeVpcs&Version=2016-11-15", **{"content-type": "text/plain"}), "ec2", id="form as text"
    ),
]


@pytest.mark.parametrize(("request_", "protocol"), UNMARKED)
async def test_requests_without_sdk_content_types_are_refused(request_, protocol):
    assert (await error(request_, protocol))[:2] == (415, "UnsupportedMediaTypeException")


@pytest.mark.parametrize(
    "marked",
    [
        ecs(b"{}", **{"content-type": "application/x-amz-json-1.0"}),
        ecs(b"{}", **{"content-type": "application/json"}),
        ecs(b"{}", **{"content-type": "Application/X-Amz-Json-1.1; charset=utf-8"}),
        form(
            "Action=DescribeVpcs&Version=2016-11-15",
            **{"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        ),
        form("Action=DescribeVpcs&Version=2016-11-15", **{"content-type": "application/x-www-form-urlencoded"}),
        HttpRequest("POST", "/", "Action=DescribeVpcs&Version=2016-11-15", {"host": "localhost"}),
    ],
)
async def test_requests_with_sdk_content_types_are_accepted(marked):
    assert (await world.gateway().answer(marked)).status == 200


async def test_gzip_is_decompressed_within_the_limit():
    small = gzip.compress(b'{"clusterName": "shop"}')
    response = await world.gateway().answer(ecs(small, **{"content-encoding": "gzip"}))
    assert msgspec.json.decode(response.body)["cluster"]["clusterName"] == "shop"
    bomb = gzip.compress(b" " * 3_000_000)
    assert (await error(ecs(bomb, **{"content-encoding": "gzip"})))[:2] == (413, "RequestEntityTooLargeException")
    for body in (b"plain", small[:-9]):
        assert (await error(ecs(body, **{"content-encoding": "gzip"})))[1] == "SerializationException"
    assert "br" in (await error(ecs(small, **{"content-encoding": "br"})))[2]


async def test_a_compressed_form_names_its_operation():
    encoding = {"content-type": "application/x-www-form-urlencoded", "host": "localhost", "content-encoding": "gzip"}
    body = gzip.compress(b"Action=DescribeVpcs&Version=2016-11-15")
    assert (await world.gateway().answer(HttpRequest("POST", "/", "", encoding, body))).status == 200
    for broken, words in ((b"plain", "is not gzip"), (body[:-9], "ends too early")):
        status, code, message = await error(HttpRequest("POST", "/", "", encoding, broken), "query")
        assert (status, code) == (400, "SerializationException")
        assert words in message


async def test_broken_constraints_are_the_services_own_error():
    body = msgspec.json.encode(
        {"tags": [{"key": "k" * 129}, {"key": "a"}], "configuration": {"managedStorageConfiguration": {}}}
    )
    status, code, message = await error(ecs(body))
    assert (status, code) == (400, "InvalidParameterException")
    assert message.startswith("1 validation error detected: ")
    assert "at 'tags[0].key' failed to satisfy constraint: Member must have length less than or equal to 128" in message


async def test_a_refused_member_is_named_with_its_reason():
    _, code, message = await error(ecs(b'{"capacityProviders": ["FARGATE"]}'))
    assert code == "InvalidParameterException"
    assert message == "capacityProviders: not supported by moyai: capacity is this machine's. Leave it out."
    _, _, message = await error(ecs(b'{"settings": [{"name": "containerInsights", "value": "enabled"}]}'))
    assert message == "settings: not supported by moyai: not yet. Leave it out."
    response = await world.gateway().answer(ecs(b'{"capacityProviders": [], "settings": []}'))
    assert response.status == 200


@pytest.mark.parametrize("target", ["Nope.CreateCluster", "AmazonEC2ContainerServiceV20141113.Nope", "Nope", "."])
async def test_an_unknown_target_is_named_in_the_error(target):
    status, code, message = await error(HttpRequest("POST", "/", "", {"x-amz-target": target, "host": "x"}, b"{}"))
    assert (status, code) == (400, "UnknownOperationException")
    assert f"X-Amz-Target '{target}'" in message


async def test_an_unexpected_error_reveals_nothing(caplog):
    response = await world.gateway().answer(ecs(b'{"clusterName": "broken"}'))
    assert response.status == 500
    assert b"secret detail" not in response.body
    request_id = response.headers["x-amzn-RequestId"]
    assert request_id.encode() in response.body
    assert request_id in caplog.text
    assert peer.read("json", None, response)["Error"]["Code"] == "InternalFailure"


async def test_responses_follow_durable_writes():
    for name, status in (("shop", 200), ("taken", 400), ("broken", 500)):
        store = world.NotedStore()
        response = await world.gateway(store=store).answer(ecs(msgspec.json.encode({"clusterName": name})))
        assert response.status == status
        assert store.durable_after == [1]


@pytest.mark.parametrize(
    ("request_", "protocol", "code"),
    [
        (ecs(b'{"clusterName": "shop"}'), "json", "ServiceUnavailable"),
        (form("Action=DescribeVpcs&Version=2016-11-15"), "ec2", "ServiceUnavailable"),
        (discover(cbor2.dumps({"NamespaceName": "a", "ServiceName": "b"})), "smithy-rpc-v2-cbor", "ServiceUnavailable"),
    ],
)
async def test_unwritable_changes_are_refused_with_the_reason(request_, protocol, code):
    class Full(world.NotedStore):
        async def durable(self, rollbacks: int | None = None) -> None:
            raise StateUnwritable("The state can't be written: the disk is full.")

    response = await world.gateway(store=Full()).answer(request_)
    error_detail = peer.read(protocol, None, response)["Error"]
    assert (response.status, error_detail["Code"]) == (503, code)
    assert error_detail["Message"] == "The state can't be written: the disk is full."


async def test_reads_of_rolled_back_changes_are_not_answered():
    class RollsBack(world.NotedStore):
        async def durable(self, rollbacks: int | None = None) -> None:
            assert rollbacks == 0  # as it was before anything was read
            raise StateUnwritable("It was rolled back.")

        def apply(self, changes: Sequence[Any]) -> None:
            self.rollbacks += 1

    response = await world.gateway(store=RollsBack()).answer(ecs(b'{"clusterName": "shop"}'))
    assert response.status == 503


async def test_a_protocol_that_the_service_does_not_support_is_refused():
    path = "/service/AmazonEC2ContainerServiceV20141113/operation/CreateCluster"
    response = await world.gateway().answer(HttpRequest("POST", path, "", {"host": "x"}, cbor2.dumps({})))
    error_detail = peer.read("smithy-rpc-v2-cbor", None, response)["Error"]
    assert error_detail["Code"] == "UnknownOperationException"
    assert "ecs does not speak smithy-rpc-v2-cbor" in error_detail["Message"]


async def test_a_signature_for_another_service_is_refused():
    scope = "Credential=A/20260101/eu-north-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
    _, code, message = await error(ecs(b"{}", authorization=f"AWS4-HMAC-SHA256 {scope}"))
    assert code == "UnknownOperationException"
    assert "signed for the service 'sqs'" in message
