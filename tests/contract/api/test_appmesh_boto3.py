"""boto3 speaks to App Mesh: five verbs on seven nouns, tokens, pages, tags, quotas, what refers to what."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from moyai.api.appmesh.client_tokens import REMEMBERED
from moyai.kernel.clock import later
from tests.contract.api.installation import Installation

ACCOUNT = "123456789012"
ARN = f"arn:aws:appmesh:us-east-1:{ACCOUNT}:mesh/shop"
HTTP: dict[str, Any] = {"portMapping": {"port": 8080, "protocol": "http"}}
NODE: dict[str, Any] = {"listeners": [HTTP], "serviceDiscovery": {"dns": {"hostname": "front.local"}}}
ROUTE: dict[str, Any] = {
    "httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [{"virtualNode": "front", "weight": 1}]}}
}
WAY: dict[str, Any] = {
    "httpRoute": {
        "match": {"prefix": "/"},
        "action": {"target": {"virtualService": {"virtualServiceName": "front.shop.local"}}},
    }
}


class Noun(NamedTuple):
    """One of seven: how calls and members call it, where one is, and its spec at first and after an update."""

    word: str
    key: str
    name: str
    arn: str
    spec: dict[str, Any]
    other: dict[str, Any]
    within: dict[str, str] = {}  # noqa: RUF012  (never changed)

    @property
    def identifiers(self) -> dict[str, Any]:
        """The members that identify the resource."""
        return {**self.within, f"{self.key}Name": self.name}


IN = {"meshName": "shop"}
MESH = Noun(
    "mesh",
    "mesh",
    "shop",
    ARN,
    {"egressFilter": {"type": "ALLOW_ALL"}, "serviceDiscovery": {"ipPreference": "IPv6_PREFERRED"}},
    {},
)
VIRTUAL_NODE = Noun("virtual_node", "virtualNode", "front", f"{ARN}/virtualNode/front", NODE, {}, IN)
VIRTUAL_ROUTER = Noun(
    "virtual_router", "virtualRouter", "front", f"{ARN}/virtualRouter/front", {"listeners": [HTTP]}, {}, IN
)
ROUTES = Noun(
    "route",
    "route",
    "all",
    f"{ARN}/virtualRouter/front/route/all",
    ROUTE,
    {**ROUTE, "priority": 0},
    {**IN, "virtualRouterName": "front"},
)
VIRTUAL_SERVICE = Noun(
    "virtual_service",
    "virtualService",
    "front.shop.local",
    f"{ARN}/virtualService/front.shop.local",
    {"provider": {"virtualRouter": {"virtualRouterName": "front"}}},
    {},
    IN,
)
VIRTUAL_GATEWAY = Noun(
    "virtual_gateway",
    "virtualGateway",
    "edge",
    f"{ARN}/virtualGateway/edge",
    {"listeners": [HTTP]},
    {"listeners": [HTTP], "logging": {"accessLog": {"file": {"path": "/dev/stdout"}}}},
    IN,
)
GATEWAY_ROUTE = Noun(
    "gateway_route",
    "gatewayRoute",
    "all",
    f"{ARN}/virtualGateway/edge/gatewayRoute/all",
    WAY,
    {**WAY, "priority": 7},
    {**IN, "virtualGatewayName": "edge"},
)
NOUNS = (MESH, VIRTUAL_NODE, VIRTUAL_ROUTER, ROUTES, VIRTUAL_SERVICE, VIRTUAL_GATEWAY, GATEWAY_ROUTE)
"""In an order in which they can be created."""


class Shop:
    """A client of App Mesh, and short calls for every kind of resource."""

    def __init__(self, installation: Installation, key: str = "test") -> None:
        self.installation = installation
        self.client = installation.client("appmesh", key)

    def call(self, verb: str, noun: Noun, **params: Any) -> Any:
        """The resource that a verb answers with."""
        named_params = {**noun.identifiers, **params}
        return getattr(self.client, f"{verb}_{noun.word}")(**named_params)[noun.key]

    def create(self, *nouns: Noun) -> None:
        """Each of them."""
        for noun in nouns:
            self.call("create", noun, spec=noun.spec)

    def error(self, verb: str, noun: Noun, **params: Any) -> tuple[str, str, int]:
        """Code, message and HTTP status of what is refused."""
        before = list(self.installation.store.world.records())
        with pytest.raises(ClientError) as exc_info:
            self.call(verb, noun, **params)
        assert list(self.installation.store.world.records()) == before
        answer = exc_info.value.response
        return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def shop(installation):
    return Shop(installation)


@pytest.fixture
def whole(shop):
    """Every noun once."""
    shop.create(*NOUNS)
    return shop


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.word)
def test_every_resource_is_created_described_updated_listed_and_deleted(shop, noun):
    shop.create(*NOUNS[: NOUNS.index(noun)])
    began = shop.installation.now
    response = shop.call("create", noun, spec=noun.spec)
    metadata = response.pop("metadata")
    assert response == {**noun.identifiers, "spec": noun.spec, "status": {"status": "ACTIVE"}}
    assert metadata.pop("createdAt").timestamp() == metadata.pop("lastUpdatedAt").timestamp() == began
    assert len(metadata.pop("uid")) == 36
    assert metadata == {"arn": noun.arn, "version": 1, "meshOwner": ACCOUNT, "resourceOwner": ACCOUNT}
    described_response = shop.call("describe", noun)
    assert described_response["spec"] == noun.spec
    assert shop.error("create", noun, spec=noun.spec)[::2] == ("ConflictException", 409)

    shop.installation.clock.turn_to(later(began, 60))
    changed_response = shop.call("update", noun, spec=noun.other)
    assert changed_response["spec"] == noun.other
    assert changed_response["metadata"]["version"] == 2
    assert changed_response["metadata"]["lastUpdatedAt"].timestamp() == began + 60
    assert changed_response["metadata"] | {"version": 1, "lastUpdatedAt": 0} == described_response["metadata"] | {
        "lastUpdatedAt": 0
    }
    again = shop.call("update", noun, spec=noun.other)
    assert again["metadata"]["version"] == 3, "an update that changes nothing counts"

    plural = "meshes" if noun is MESH else f"{noun.word}s"
    (listed,) = getattr(shop.client, f"list_{plural}")(**noun.within)[f"{noun.key}s" if noun is not MESH else "meshes"]
    assert listed == {**noun.identifiers, **{key: value for key, value in again["metadata"].items() if key != "uid"}}

    removed_response = shop.call("delete", noun)
    assert removed_response["status"] == {"status": "DELETED"}
    assert removed_response["spec"] == noun.other
    assert removed_response["metadata"]["version"] == 4
    for verb in ("describe", "delete"):
        assert shop.error(verb, noun)[::2] == ("NotFoundException", 404)
    assert shop.error("update", noun, spec=noun.other)[::2] == ("NotFoundException", 404)
    assert shop.call("create", noun, spec=noun.spec)["metadata"]["version"] == 1


def test_a_mesh_without_a_spec_shows_an_empty_one(shop):
    assert shop.call("create", MESH)["spec"] == {}
    assert shop.call("update", MESH)["spec"] == {}


def test_missing_resources_are_reported_in_app_meshs_words(shop):
    assert shop.error("describe", VIRTUAL_NODE)[1] == f"Mesh with name shop is not present for account {ACCOUNT}"
    shop.create(MESH)
    nowhere = f"is not present under mesh shop for account {ACCOUNT}"
    assert shop.error("describe", VIRTUAL_NODE)[1] == f"VirtualNode with name front {nowhere}"
    assert shop.error("describe", ROUTES)[1] == f"VirtualRouter with name front {nowhere}"
    assert shop.error("describe", GATEWAY_ROUTE)[1] == f"VirtualGateway with name edge {nowhere}"
    assert shop.error("describe", VIRTUAL_NODE, meshName=ARN)[0] == "NotFoundException"


def test_referenced_resources_cannot_be_deleted(whole):
    mesh = "for account {} has active {}, please delete {} before deleting the Mesh"
    for noun, message in (
        (MESH, f"Mesh shop {mesh.format(ACCOUNT, 'VirtualServices', 'VirtualServices')}"),
        (
            VIRTUAL_NODE,
            "VirtualNode with name front cannot be deleted because it is the target of one or more routes.",
        ),
        (VIRTUAL_ROUTER, "VirtualRouter with name front cannot be deleted because it is a VirtualService provider"),
        (
            VIRTUAL_SERVICE,
            "VirtualService front.shop.local is being referenced in the following: GATEWAY_ROUTE: [all]",
        ),
        (VIRTUAL_GATEWAY, "VirtualGateway with name edge cannot be deleted because it has active GatewayRoutes"),
    ):
        assert whole.error("delete", noun) == ("ResourceInUseException", message, 409)
    whole.call("delete", GATEWAY_ROUTE)
    whole.call("update", VIRTUAL_SERVICE, spec={"provider": {"virtualNode": {"virtualNodeName": "front"}}})
    for noun, use in ((VIRTUAL_NODE, "is a VirtualService provider"), (VIRTUAL_ROUTER, "has active Routes")):
        assert whole.error("delete", noun)[1].endswith(use)
    for noun, use in (
        (VIRTUAL_SERVICE, "VirtualNodes"),
        (ROUTES, "VirtualNodes"),
        (VIRTUAL_NODE, "VirtualRouters"),
        (VIRTUAL_ROUTER, "VirtualGateways"),
    ):
        whole.call("delete", noun)
        assert f"has active {use}" in whole.error("delete", MESH)[1]
    whole.call("delete", VIRTUAL_GATEWAY)
    whole.call("delete", MESH)
    assert list(whole.installation.store.world.records()) == []


def test_a_backend_does_not_require_or_protect_its_virtual_service(shop):
    shop.create(MESH)
    backends = {"backends": [{"virtualService": {"virtualServiceName": "later.local"}}]}
    shop.call("create", VIRTUAL_NODE, spec=backends)
    later_on = {"virtualServiceName": "later.local"}
    shop.call("create", VIRTUAL_SERVICE, spec={}, **later_on)
    shop.call("delete", VIRTUAL_SERVICE, **later_on)
    assert shop.call("describe", VIRTUAL_NODE)["spec"] == backends


def test_a_health_check_shows_its_port(shop):
    shop.create(MESH)
    check = {
        "protocol": "tcp",
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
        "intervalMillis": 5000,
        "timeoutMillis": 2000,
    }
    node = {**NODE, "listeners": [{**HTTP, "healthCheck": check}]}
    health_check = shop.call("create", VIRTUAL_NODE, spec=node)["spec"]["listeners"][0]["healthCheck"]
    assert health_check == {**check, "port": 8080}


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.word)
def test_a_client_token_makes_one_change(shop, noun):
    shop.create(*NOUNS[: NOUNS.index(noun)])
    first = shop.call("create", noun, spec=noun.spec, clientToken="t-1")
    assert shop.call("create", noun, spec=noun.spec, clientToken="t-1") == first
    response = shop.call("update", noun, spec=noun.other, clientToken="t-1")
    assert response["metadata"]["version"] == 2, "another operation's tokens are others"
    assert shop.call("update", noun, spec=noun.other, clientToken="t-1") == response
    assert shop.call("create", noun, spec=noun.spec, clientToken="t-1") == response, "what there is now"
    code, _, status = shop.error("update", noun, spec=noun.spec, clientToken="t-1")
    assert (code, status) == ("ConflictException", 409)
    shop.installation.clock.turn_to(later(shop.installation.now, REMEMBERED))
    assert shop.call("update", noun, spec=noun.spec, clientToken="t-1")["metadata"]["version"] == 3


def test_a_client_token_reused_for_another_resource_is_a_conflict(shop):
    shop.create(MESH)
    shop.call("create", VIRTUAL_NODE, spec=NODE, clientToken="t")
    assert (
        shop.error("create", VIRTUAL_NODE, virtualNodeName="back", spec=NODE, clientToken="t")[0] == "ConflictException"
    )
    assert shop.error("create", VIRTUAL_NODE, spec=NODE, clientToken="u")[0] == "ConflictException", "the name is taken"
    assert shop.error("create", VIRTUAL_NODE, spec=NODE, clientToken="no good")[0] == "BadRequestException"
    assert shop.error("create", VIRTUAL_NODE, spec=NODE, clientToken="t" * 37)[0] == "BadRequestException"
    shop.call("delete", VIRTUAL_NODE)
    assert shop.call("create", VIRTUAL_NODE, spec=NODE, clientToken="t")["metadata"]["version"] == 1


def test_client_tokens_of_a_record_are_bounded(shop):
    shop.create(MESH)
    for number in range(20):
        shop.call("update", MESH, spec={}, clientToken=f"t-{number}")
    (mesh,) = shop.installation.store.world.meshes
    assert len(mesh.calls) == 8
    assert shop.call("update", MESH, spec={}, clientToken="t-19")["metadata"]["version"] == 21
    shop.installation.clock.turn_to(later(shop.installation.now, REMEMBERED))
    shop.call("update", MESH, spec={}, clientToken="t-20")
    (mesh,) = shop.installation.store.world.meshes
    assert len(mesh.calls) == 1


def test_virtual_service_names_that_differ_only_in_case_conflict(shop):
    shop.create(MESH)
    shop.call("create", VIRTUAL_SERVICE, spec={})
    other = {"virtualServiceName": "Front.shop.local", "spec": {}}
    assert shop.error("create", VIRTUAL_SERVICE, **other)[::2] == ("ConflictException", 409)


def test_pages(shop):
    shop.create(MESH)
    for number in range(5):
        shop.call("create", VIRTUAL_NODE, virtualNodeName=f"n-{number}", spec={})
    pages = shop.client.get_paginator("list_virtual_nodes").paginate(meshName="shop", PaginationConfig={"PageSize": 2})
    named = [[virtual_node["virtualNodeName"] for virtual_node in page["virtualNodes"]] for page in pages]
    assert named == [["n-0", "n-1"], ["n-2", "n-3"], ["n-4"]]
    token = shop.client.list_virtual_nodes(meshName="shop", limit=1)["nextToken"]
    for params in ({"nextToken": "x"}, {"limit": 0}, {"limit": 101}):
        with pytest.raises(shop.client.exceptions.BadRequestException):
            shop.client.list_virtual_nodes(meshName="shop", **params)
    with pytest.raises(shop.client.exceptions.BadRequestException):
        shop.client.list_virtual_routers(meshName="shop", nextToken=token)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.word)
def test_tags(shop, noun):
    client = shop.client
    shop.create(*NOUNS[: NOUNS.index(noun)])
    tags = [{"key": "b", "value": "2"}, {"key": "a", "value": ""}]
    shop.call("create", noun, spec=noun.spec, tags=tags)
    assert client.list_tags_for_resource(resourceArn=noun.arn)["tags"] == tags[::-1]
    client.tag_resource(resourceArn=noun.arn, tags=[{"key": "a", "value": "3"}, {"key": "c", "value": "4"}])
    client.untag_resource(resourceArn=noun.arn, tagKeys=["b", "not there"])
    pages = client.get_paginator("list_tags_for_resource").paginate(
        resourceArn=noun.arn, PaginationConfig={"PageSize": 1}
    )
    assert [page["tags"] for page in pages] == [[{"key": "a", "value": "3"}], [{"key": "c", "value": "4"}]]
    assert shop.call("describe", noun)["metadata"]["version"] == 1, "a tag is no part of the spec"
    many = [{"key": str(number), "value": ""} for number in range(49)]
    for params, error in (
        ({"tags": many}, "TooManyTagsException"),
        ({"tags": [*many, *tags]}, "BadRequestException"),
        ({"tags": [{"key": "aws:x", "value": ""}]}, "BadRequestException"),
        ({"tags": [{"key": "moyai:x", "value": ""}]}, "BadRequestException"),
    ):
        with pytest.raises(ClientError, match=error):
            client.tag_resource(resourceArn=noun.arn, **params)
    assert len(client.list_tags_for_resource(resourceArn=noun.arn)["tags"]) == 2


def test_tags_of_invalid_or_missing_arns_are_refused(shop):
    shop.create(MESH)
    for arn, error in (
        ("shop", "BadRequestException"),
        ("arn:aws:ecs:us-east-1:123456789012:cluster/shop", "BadRequestException"),
        (f"arn:aws:appmesh:us-east-1:{ACCOUNT}:mesh", "BadRequestException"),
        (f"{ARN}/virtualNode/none", "NotFoundException"),
        (ARN.replace(ACCOUNT, "222222222222"), "ForbiddenException"),
        (ARN.replace("us-east-1", "eu-west-1"), "ForbiddenException"),
    ):
        with pytest.raises(ClientError, match=error):
            shop.client.list_tags_for_resource(resourceArn=arn)


def test_quotas():
    installation = Installation(
        meshes=2,
        virtual_nodes_per_mesh=1,
        virtual_services_per_mesh=1,
        virtual_routers_per_mesh=1,
        virtual_gateways_per_mesh=1,
        backends_per_virtual_node=1,
        routes_per_virtual_router=1,
        gateway_routes_per_virtual_gateway=1,
    )
    shop = Shop(installation)
    shop.create(*NOUNS)
    shop.call("create", MESH, meshName="another")
    for noun in NOUNS:
        code, message, status = shop.error("create", noun, **{f"{noun.key}Name": "more", "spec": noun.spec})
        assert (code, status) == ("LimitExceededException", 400)
        assert "There may be" in message
    backends = [{"virtualService": {"virtualServiceName": name}} for name in ("a.local", "b.local")]
    assert shop.error("update", VIRTUAL_NODE, spec={"backends": backends})[0] == "LimitExceededException"
    Shop(installation, "222222222222").create(MESH)


def test_accounts_and_regions_are_apart(whole):
    other = Shop(whole.installation, "222222222222")
    assert other.client.list_meshes()["meshes"] == []
    assert other.error("describe", MESH)[0] == "NotFoundException"
    other.create(*NOUNS)
    assert other.call("describe", VIRTUAL_NODE)["metadata"]["meshOwner"] == "222222222222"


def test_the_body_of_an_answer_is_the_object_itself(installation):
    answers = []
    client = installation.client("appmesh")
    client.meta.events.register("before-parse", lambda response_dict, **_: answers.append(response_dict))
    client.create_mesh(meshName="shop")
    client.list_meshes()
    assert [answer["status_code"] for answer in answers] == [200, 200]
    assert answers[0]["body"].startswith(b'{"meshName":"shop","metadata":{"arn":')
    assert answers[1]["body"].startswith(b'{"meshes":[')


def test_a_name_may_be_percent_encoded_in_the_path(installation):
    client = installation.client("appmesh")
    client.create_mesh(meshName="shop")
    client.create_virtual_service(meshName="shop", virtualServiceName="a_b.local", spec={})
    seen = []
    client.meta.events.register("before-send", lambda request, **_: seen.append(request.url), unique_id="seen")
    client.meta.events.register_first("before-send", _percent)
    assert client.describe_virtual_service(meshName="shop", virtualServiceName="a_b.local")["virtualService"]


def _percent(request: Any, **_: Any) -> None:
    """Every letter as clients may write it."""
    request.url = request.url.replace("a_b.local", "%61%5Fb%2Elocal")
