"""A mesh that is shared: what the account that it is shared with has in it, may look at, change and delete."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from moyai.domain.ram.permission import MESH_PERMISSION
from tests.contract.api.test_appmesh_boto3 import (
    ACCOUNT,
    ARN,
    GATEWAY_ROUTE,
    MESH,
    NODE,
    NOUNS,
    ROUTE,
    ROUTES,
    VIRTUAL_GATEWAY,
    VIRTUAL_NODE,
    VIRTUAL_ROUTER,
    VIRTUAL_SERVICE,
    Shop,
)

CONSUMER = "222222222222"
WITH_OWNER: dict[str, Any] = {"meshOwner": ACCOUNT}
THEIRS = f"arn:aws:appmesh:us-east-1:{CONSUMER}:mesh/shop@{ACCOUNT}"


class Consumer(Shop):
    """The other account, which says each time whose mesh it means."""

    def call(self, verb, noun, **params):
        return super().call(verb, noun, **{**WITH_OWNER, **params})


@pytest.fixture
def owner(installation):
    shop = Shop(installation)
    shop.create(*NOUNS)
    return shop


@pytest.fixture
def consumer(installation, owner):
    """An account that has accepted the share."""
    share = installation.client("ram").create_resource_share(name="mesh", resourceArns=[ARN], principals=[CONSUMER])
    assert share["resourceShare"]["status"] == "ACTIVE"
    theirs = installation.client("ram", CONSUMER)
    (invitation,) = theirs.get_resource_share_invitations()["resourceShareInvitations"]
    theirs.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    return Consumer(installation, CONSUMER)


def test_an_unshared_mesh_is_forbidden_whether_it_exists_or_not(installation, owner):
    stranger = Consumer(installation, CONSUMER)
    for noun in NOUNS:
        assert stranger.error("describe", noun)[::2] == ("ForbiddenException", 403)
    assert stranger.error("describe", MESH, meshName="none")[0] == "ForbiddenException"
    with pytest.raises(stranger.client.exceptions.ForbiddenException):
        stranger.client.list_virtual_nodes(meshName="shop", meshOwner=ACCOUNT)
    share = installation.client("ram").create_resource_share(name="mesh", resourceArns=[ARN], principals=[CONSUMER])
    assert stranger.error("describe", MESH)[0] == "ForbiddenException", "it has not accepted"
    assert share["resourceShare"]["name"] == "mesh"


def test_ram_lists_the_mesh_as_a_resource(installation, consumer):
    ram, theirs = installation.client("ram"), installation.client("ram", CONSUMER)
    (resource,) = theirs.list_resources(resourceOwner="OTHER-ACCOUNTS", resourceType="appmesh:Mesh")["resources"]
    assert (resource["arn"], resource["type"]) == (ARN, "appmesh:Mesh")
    (share,) = ram.get_resource_shares(resourceOwner="SELF", permissionArn=MESH_PERMISSION.arn)["resourceShares"]
    (permission,) = ram.list_resource_share_permissions(resourceShareArn=share["resourceShareArn"])["permissions"]
    assert permission["name"] == "AWSRAMDefaultPermissionAppMesh"
    assert (
        "appmesh:CreateVirtualNode" in ram.get_permission(permissionArn=MESH_PERMISSION.arn)["permission"]["permission"]
    )
    for arn, error in (
        (VIRTUAL_NODE.arn, "InvalidParameterException"),
        (ARN.replace("shop", "none"), "UnknownResourceException"),
    ):
        with pytest.raises(ClientError, match=error):
            ram.associate_resource_share(resourceShareArn=share["resourceShareArn"], resourceArns=[arn])


def test_the_consumer_can_describe_all_resources(consumer):
    for noun in NOUNS:
        assert consumer.call("describe", noun)["metadata"]["resourceOwner"] == ACCOUNT
    (mesh,) = consumer.client.list_meshes()["meshes"]
    assert (mesh["arn"], mesh["meshOwner"], mesh["resourceOwner"]) == (ARN, ACCOUNT, ACCOUNT)
    (node,) = consumer.client.list_virtual_nodes(meshName="shop", meshOwner=ACCOUNT)["virtualNodes"]
    assert node["arn"] == VIRTUAL_NODE.arn
    assert Shop(consumer.installation, CONSUMER).error("describe", MESH)[0] == "NotFoundException", (
        "without its owner it is another"
    )


def test_the_consumer_cannot_change_the_owners_resources(consumer):
    for noun in (VIRTUAL_NODE, VIRTUAL_ROUTER, ROUTES, VIRTUAL_SERVICE, VIRTUAL_GATEWAY, GATEWAY_ROUTE):
        assert consumer.error("update", noun, spec=noun.other)[::2] == ("ForbiddenException", 403)
        assert consumer.error("delete", noun)[::2] == ("ForbiddenException", 403)
    assert consumer.error("create", ROUTES, routeName="mine", spec=ROUTE)[0] == "ForbiddenException"
    for noun in (VIRTUAL_GATEWAY, GATEWAY_ROUTE):
        assert (
            consumer.error("create", noun, **{f"{noun.key}Name": "mine", "spec": noun.spec})[0] == "ForbiddenException"
        )
    with pytest.raises(consumer.client.exceptions.ForbiddenException):
        consumer.client.tag_resource(resourceArn=VIRTUAL_NODE.arn, tags=[])
    for verb in ("update", "delete"):
        with pytest.raises(consumer.client.exceptions.NotFoundException):
            getattr(consumer.client, f"{verb}_mesh")(meshName="shop")


def test_the_consumer_creates_resources_in_the_mesh(owner, consumer):
    node = consumer.call("create", VIRTUAL_NODE, virtualNodeName="mine", spec=NODE)
    assert node["metadata"]["arn"] == f"{THEIRS}/virtualNode/mine"
    assert (node["metadata"]["meshOwner"], node["metadata"]["resourceOwner"]) == (ACCOUNT, CONSUMER)
    assert (node["meshName"], node["virtualNodeName"]) == ("shop", "mine")
    router = consumer.call("create", VIRTUAL_ROUTER, virtualRouterName="mine", spec={})
    assert router["metadata"]["arn"] == f"{THEIRS}/virtualRouter/mine"
    targets = [{"virtualNode": name, "weight": 1} for name in ("mine", "front")]
    spec = {"httpRoute": {**ROUTE["httpRoute"], "action": {"weightedTargets": targets}}}
    route = consumer.call("create", ROUTES, virtualRouterName="mine", spec=spec)
    assert route["metadata"]["arn"] == f"{THEIRS}/virtualRouter/mine/route/all"
    provider = {"provider": {"virtualRouter": {"virtualRouterName": "mine"}}}
    service = consumer.call("create", VIRTUAL_SERVICE, virtualServiceName="mine.local", spec=provider)
    assert service["metadata"]["arn"] == f"{THEIRS}/virtualService/mine.local"
    assert consumer.call("update", VIRTUAL_NODE, virtualNodeName="mine", spec=NODE)["metadata"]["version"] == 2
    consumer.client.tag_resource(resourceArn=node["metadata"]["arn"], tags=[{"key": "a", "value": "b"}])
    assert owner.error("create", VIRTUAL_NODE, virtualNodeName="mine", spec=NODE)[0] == "ConflictException"
    assert owner.error("update", VIRTUAL_NODE, virtualNodeName="mine", spec={})[0] == "ForbiddenException"
    virtual_node_names = [
        virtual_node["virtualNodeName"]
        for virtual_node in owner.client.list_virtual_nodes(meshName="shop")["virtualNodes"]
    ]
    assert sorted(virtual_node_names) == ["front", "mine"]
    owner.call("update", ROUTES, spec=spec)
    assert "target of one or more routes" in consumer.error("delete", VIRTUAL_NODE, virtualNodeName="mine")[1]
    also = {"virtualRouterName": "mine", "routeName": "owners", "spec": spec}
    arn = owner.call("create", ROUTES, **also)["metadata"]["arn"]
    assert arn == f"{ARN}/virtualRouter/mine/route/owners"


def test_the_consumers_resources_count_towards_the_owners_quota(owner, consumer):
    for number in range(199):
        consumer.call("create", VIRTUAL_NODE, virtualNodeName=f"n-{number}", spec={})
    assert owner.error("create", VIRTUAL_NODE, virtualNodeName="more", spec={})[0] == "LimitExceededException"
    assert owner.call("delete", VIRTUAL_NODE, virtualNodeName="n-0")["metadata"]["resourceOwner"] == CONSUMER
    assert consumer.call("delete", VIRTUAL_NODE, virtualNodeName="n-1")["status"] == {"status": "DELETED"}


def test_unsharing_the_mesh_ends_the_consumers_access(owner, consumer):
    consumer.call("create", VIRTUAL_NODE, virtualNodeName="mine", spec=NODE)
    ram = owner.installation.client("ram")
    (share,) = ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
    ram.disassociate_resource_share(resourceShareArn=share["resourceShareArn"], resourceArns=[ARN])
    for verb in ("describe", "delete"):
        assert consumer.error(verb, VIRTUAL_NODE, virtualNodeName="mine")[0] == "ForbiddenException"
    assert consumer.client.list_meshes()["meshes"] == []
    assert owner.call("delete", VIRTUAL_NODE, virtualNodeName="mine")["metadata"]["resourceOwner"] == CONSUMER


def test_a_mesh_that_is_deleted_leaves_its_share(owner, consumer):
    for noun in reversed(NOUNS):
        owner.call("delete", noun)
    assert owner.installation.client("ram").list_resources(resourceOwner="SELF")["resources"] == []
    owner.create(MESH)
    assert consumer.error("describe", MESH)[0] == "ForbiddenException", "another mesh of that name is not shared"
