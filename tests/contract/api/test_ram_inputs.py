"""Whatever the model allows as input, an operation of RAM answers it or raises an error that the model lists, and an
error changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.models import load_models
from moyai.api.operation import Context
from moyai.api.ram.service import RAM
from moyai.api.response_cache import RawRequest
from moyai.api.wire.http import HttpRequest
from moyai.domain.ram.permission import MESH_PERMISSION, NAMESPACE_PERMISSION
from moyai.kernel.errors import ApiError
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import Scope
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE, Builder
from tests.contract.api.drawn import values

pytestmark = pytest.mark.long

RECEIVER = Scope(AccountId("222222222222"), SCOPE.region)
MODEL = load_models(["ram"])["ram"]


class Shares:
    """Two accounts, one of which shares a namespace with the other: one share accepted, one not."""

    def __init__(self) -> None:
        self.dispatcher = ServiceDispatcher(RAM, MODEL)
        self.store, self.ids = MemoryStore(), SeededIds(9)
        self.namespace = str(Builder(self.store, ids=self.ids).namespace("shop"))
        for name in ("accepted", "pending"):
            params = {
                "name": name,
                "resourceArns": [self.namespace],
                "principals": [RECEIVER.account],
                "clientToken": name,
            }
            self.call("CreateResourceShare", SCOPE, params)
        first = next(iter(self.store.world.invitations)).arn
        self.call("AcceptResourceShareInvitation", RECEIVER, {"resourceShareInvitationArn": first})

    def call(self, operation: str, scope: Scope, params: Mapping[str, object]) -> ApiError | None:
        """Why the call can't be; None when it could."""
        entry = self.dispatcher.operation(operation)
        raw = RawRequest("rest-json", operation, msgspec.json.encode(params))
        ctx = Context(scope, EPOCH, self.ids, self.store, "arn:aws:iam::123456789012:root", "", "r")
        try:
            request = HttpRequest("POST", MODEL.operation_model(operation).http["requestUri"], "", {}, raw.body)
            answering = self.dispatcher.respond(
                entry, self.dispatcher.parse(entry, raw, request).typed_request, raw, ctx
            )
            with pytest.raises(StopIteration):
                answering.send(None)
        except ApiError as error:
            return error
        return None


_SHARES = Shares()
_SHARE_ARNS = [resource_share.arn for resource_share in _SHARES.store.world.resource_shares]
_ENTITIES = [_SHARES.namespace, "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-none"]
KNOWN: Mapping[str, Sequence[str]] = {
    "resourceShareArn": _SHARE_ARNS,
    "resourceShareArns": _SHARE_ARNS,
    "resourceShareInvitationArn": [invitation.arn for invitation in _SHARES.store.world.invitations],
    "resourceShareInvitationArns": [invitation.arn for invitation in _SHARES.store.world.invitations],
    "resourceArn": [*_SHARE_ARNS, *_ENTITIES],
    "resourceArns": _ENTITIES,
    "principals": [RECEIVER.account, "333333333333", SCOPE.account],
    "principal": [RECEIVER.account],
    "permissionArn": [NAMESPACE_PERMISSION.arn, MESH_PERMISSION.arn],
    "permissionArns": [NAMESPACE_PERMISSION.arn, MESH_PERMISSION.arn],
    "clientToken": ["accepted", "new"],
    "resourceType": [NAMESPACE_PERMISSION.resource_type, MESH_PERMISSION.resource_type],
}


@pytest.mark.parametrize("name", sorted(set(RAM.operations) - {"DeleteResourceShare"}))
def test_any_input_is_answered_or_refused_as_modelled(name):
    shape = MODEL.operation_model(name)
    modelled = {error.name for error in shape.error_shapes} | {"SerializationException"}

    @settings(max_examples=40)
    @given(values(shape.input_shape, KNOWN), st.sampled_from([SCOPE, RECEIVER]))
    def ask(params, scope):
        shares = Shares()
        before = list(shares.store.world.records())
        failure = shares.call(name, scope, params)
        if failure is not None:
            assert failure.code in modelled
            assert failure.message
            assert list(shares.store.world.records()) == before

    ask()
