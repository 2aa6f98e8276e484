"""The protocols that a service speaks, with a codec for each.

Promise: every protocol that the model lists is answered, in the protocol that the request speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from botocore.model import ServiceModel

from moyai.api.wire.cbor import RpcV2Cbor
from moyai.api.wire.codec import ProtocolCodec
from moyai.api.wire.json_rpc import JsonRpc
from moyai.api.wire.query import Ec2Query, Query
from moyai.api.wire.rest_json import RestJson
from moyai.api.wire.rest_xml import RestXml

CODECS: Mapping[str, Callable[[ServiceModel], ProtocolCodec]] = MappingProxyType(
    {
        "ec2": Ec2Query,
        "json": JsonRpc,
        "query": Query,
        "rest-json": RestJson,
        "rest-xml": RestXml,
        "smithy-rpc-v2-cbor": RpcV2Cbor,
    }
)
"""By the protocol's name in the models."""


def codecs(model: ServiceModel) -> Mapping[str, ProtocolCodec]:
    """The service's codecs by protocol. They build their tables when first used."""
    names = model.metadata.get("protocols") or [model.metadata["protocol"]]
    return MappingProxyType({name: CODECS[name](model) for name in names})
