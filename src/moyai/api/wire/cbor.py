"""Smithy RPC v2 CBOR: the operation in the path, input and output as CBOR maps.

Promise: times under tag 1, blobs as byte strings. The AWS SDKs prefer this protocol for Cloud Map and
CloudWatch, so it is the hot path of DiscoverInstances.
Refuses: every other tag (shared references could make a small body endless), duplicate and
non-text keys, nesting beyond ``MAX_DEPTH``, bytes after the value.
Source: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

import cbor2
from botocore.model import OperationModel, ServiceModel

from moyai.api.wire.codec import REQUEST_ID, ErrorNames, Params, builtins
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.scalars import SCALAR_READERS, read_bytes
from moyai.api.wire.tree import TreeReader, TreeWriter, Writer
from moyai.kernel.errors import ApiError, Malformed

MAX_DEPTH = 64
_TIME_TAG = 1


class _OnlyTime(dict[int, Callable[[object, bool], object]]):
    """The decoders by tag: every tag without one is refused, also those that cbor2 itself would decode."""

    def __missing__(self, tag: int) -> Callable[[object, bool], object]:
        raise ValueError(f"tag {tag} is not part of this protocol")


def _ignore_tag(value: object, _immutable: bool) -> object:  # noqa: FBT001  the library's signature
    return value


def decoded_cbor(body: bytes) -> object:
    """The body's one value; an empty body is an empty map. Raises Malformed."""
    if not body:
        return {}
    stream = io.BytesIO(body)
    try:
        value = cbor2.CBORDecoder(
            stream,
            semantic_decoders=_OnlyTime({_TIME_TAG: _ignore_tag}),
            max_depth=MAX_DEPTH,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
            read_size=1,
        ).decode()
    except (cbor2.CBORDecodeError, ValueError, OverflowError) as error:
        raise Malformed(f"The body is not valid CBOR: {error}") from error
    if stream.tell() != len(body):
        raise Malformed("The body has more bytes after its CBOR value.")
    return value


def _write_time(value: float) -> cbor2.CBORTag:
    return cbor2.CBORTag(_TIME_TAG, round(value, 3))


CBOR_WRITERS: Mapping[str, Writer] = MappingProxyType({"timestamp": _write_time, "float": float, "double": float})


class RpcV2Cbor:
    """A service that speaks RPC v2 CBOR."""

    def __init__(self, model: ServiceModel) -> None:
        self._reader = TreeReader({**SCALAR_READERS, "blob": read_bytes})
        self._writer = TreeWriter(CBOR_WRITERS)
        self._errors = ErrorNames(model)
        self._query_compatible = model.is_query_compatible

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a CBOR body."""
        return self._reader.params(operation, decoded_cbor(request.body))

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """An answer with a CBOR body."""
        headers = {"smithy-protocol": "rpc-v2-cbor", REQUEST_ID: request_id}
        if operation.output_shape is None:
            return HttpResponse(200, headers, b"")
        write = self._writer.writer(operation.output_shape)
        value = builtins(output)
        body = cbor2.dumps(value if write is None else write(value))
        return HttpResponse(200, headers | {"content-type": "application/cbor"}, body)

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """An error with a CBOR body."""
        wire = self._errors.wire(error)
        headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor", REQUEST_ID: request_id}
        if self._query_compatible:
            headers["x-amzn-query-error"] = f"{wire.query_code};{wire.fault}"
        return HttpResponse(error.status, headers, cbor2.dumps({"__type": wire.name, **wire.members}))
