"""How namespaces are found."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import NamespaceType
from moyai.domain.world import Put, World
from moyai.kernel.ids import AccountId, NamespaceArn, Region
from moyai.kernel.scope import Scope
from moyai.plan.cloudmap.namespaces import find_namespace, new_http_namespace
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
HTTP = new_http_namespace(SCOPE, "shop", EPOCH, SeededIds(1))


def world(*records) -> World:
    new_world = World()
    for record in records:
        new_world.apply(Put(record))
    return new_world


@pytest.mark.parametrize("identifier", ["shop", HTTP.id, HTTP.arn])
def test_a_namespace_is_found_by_name_id_and_arn(identifier):
    assert find_namespace(world(HTTP), SCOPE, identifier) == HTTP


def test_an_http_namespace_has_precedence_by_name():
    private = replace(HTTP, arn=NamespaceArn(HTTP.arn + "x"), type=NamespaceType.DNS_PRIVATE)
    assert find_namespace(world(private, HTTP), SCOPE, "shop") == HTTP
    assert find_namespace(world(private), SCOPE, "shop") == private


@pytest.mark.parametrize("identifier", ["none", "SHOP", "", HTTP.arn + "x"])
def test_unknown_namespaces_are_not_found(identifier):
    assert find_namespace(world(HTTP), SCOPE, identifier) is None


@pytest.mark.parametrize("identifier", ["shop", HTTP.id, HTTP.arn])
def test_namespaces_of_another_region_are_not_found(identifier):
    elsewhere = Scope(SCOPE.account, Region("eu-west-1"))
    assert find_namespace(world(HTTP), elsewhere, identifier) is None


def test_ids_have_cloud_maps_form():
    assert HTTP.id.startswith("ns-")
    assert len(HTTP.id) == len("ns-") + 16
    assert HTTP.arn == f"arn:aws:servicediscovery:us-east-1:123456789012:namespace/{HTTP.id}"
