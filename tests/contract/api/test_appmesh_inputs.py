"""Whatever the model allows as input, an operation of App Mesh answers it or raises an error that the model lists, and
an error changes nothing."""

from __future__ import annotations

import pytest

from moyai.api.appmesh.service import appmesh
from moyai.domain.appmesh.quotas import AppMeshQuotas
from tests.contract.api.drawn import ask_anything
from tests.contract.api.test_appmesh_boto3 import ACCOUNT, ARN, NOUNS, Shop

pytestmark = pytest.mark.long

COMMON = frozenset({"SerializationException", "UnknownOperationException"})
"""The latter where a name in the path is empty, which no SDK sends of itself."""
KNOWN = {
    "meshName": ["shop"],
    "meshOwner": [ACCOUNT, "222222222222"],
    "virtualNodeName": ["front", "new"],
    "virtualNode": ["front"],
    "virtualServiceName": ["front.shop.local", "new.local"],
    "virtualRouterName": ["front", "new"],
    "routeName": ["all", "new"],
    "virtualGatewayName": ["edge", "new"],
    "gatewayRouteName": ["all", "new"],
    "resourceArn": [ARN, *(noun.arn for noun in NOUNS)],
    "clientToken": ["t", "u"],
    "prefix": ["/", "/a/"],
    "hostname": ["front.local"],
    "path": ["/dev/stdout", "/"],
    "regex": ["a.*", "(?=a)"],
    "httpRetryEvents": ["server-error"],
}


@pytest.mark.parametrize("name", sorted(appmesh(AppMeshQuotas()).operations))
def test_any_input_is_answered_or_refused_as_modelled(installation, name):
    Shop(installation).create(*NOUNS)
    ask_anything(installation, "appmesh", name, KNOWN, COMMON)
