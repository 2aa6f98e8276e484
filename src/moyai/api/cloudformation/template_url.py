"""Reads templates, the files that they include, and stack policies from S3, by their URLs.

Promise: only URLs of S3, under moyai's address or AWS's names, are accepted, and all are read from the server that
answers S3 for moyai. A template has at most 1 MiB, and is read within 30 seconds.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec.structs import replace

from moyai.api.cloudformation.change_set_tree import MAX_NESTED, MAX_NESTED_CHARACTERS, NestedTemplatesMissing
from moyai.api.cloudformation.lookup import find_stack, is_reviewed
from moyai.api.operation import ApiOperation, Context, NestedTemplate
from moyai.domain.cloudformation.errors import StackFault, TemplateFault
from moyai.ports.delegate import Delegate, DelegatedRequest, DelegateFailed, NotDelegated
from moyai.stacks.template.text import parse_text
from moyai.stacks.transforms.include import INCLUDE, include_locations

MAX_OBJECT: Final = 1024 * 1024
"""Bytes that a template in S3 may have."""
MAX_BODY: Final = 51_200
"""Bytes that a template in a request may have."""
MAX_POLICY: Final = 16_384
"""Bytes that a stack policy may have."""
MAX_FILES: Final = 50
"""Number of files that a template may include."""
_TEXTS: Final = (
    ("template_body", "template_url", "Template"),
    ("stack_policy_body", "stack_policy_url", "Stack Policy"),
    ("stack_policy_during_update_body", "stack_policy_during_update_url", "Stack Policy During Update"),
)
"""The members of requests for a text, for its URL in S3 instead, and its name in messages."""
_SECONDS: Final = 30.0
"""Time for reading a template, and for reading all files that it includes."""
_S3_HOST: Final = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.)?s3(?:-fips)?(?:[.-](?:dualstack\.)?[a-z]{2}[a-z-]*-\d)?"
    r"\.amazonaws\.com(?:\.cn)?"
)
"""AWS's host names of S3, without or with a bucket."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MESSAGE: Final = re.compile(rb"<Message>([^<]{1,300})</Message>")
_HELP: Final = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_LAST_SUCCESS: Final = 299


class S3Object(msgspec.Struct, frozen=True):
    """An object of S3. ``target``: the target of a request for it, ``/bucket/key`` with the query."""

    target: str


def parse_object_url(url: str, own_host: str) -> S3Object:
    """The object that a URL names. ``own_host``: the host and port at which moyai was called. Raises StackFault."""
    try:
        parts = urlsplit(url)
        is_own = _is_own(parts, own_host)
        bucket = _bucket_of(parts, own_host)
    except ValueError:
        raise StackFault("TemplateURL must be a supported URL.") from None
    known = is_own or bucket is not None or _S3_HOST.fullmatch(parts.hostname or "") is not None
    if parts.scheme not in {"http", "https"} or not known or "@" in parts.netloc:
        raise StackFault("TemplateURL must be a supported URL.")
    path = parts.path if bucket is None else f"/{bucket}{parts.path}"
    if not re.fullmatch(r"/[^/]+/.+", path):
        raise StackFault("TemplateURL must reference a valid S3 object to which you have access.")
    return S3Object(f"{path}?{parts.query}" if parts.query else path)


def _is_own(parts: SplitResult, own_host: str) -> bool:
    """Whether a URL has the host and port at which moyai was called, or another loopback name and the same port."""
    own = urlsplit(f"//{own_host}")
    same_port = parts.port == own.port
    return same_port and (parts.hostname == own.hostname or {parts.hostname, own.hostname} <= _LOOPBACK)


def _bucket_of(parts: SplitResult, own_host: str) -> str | None:
    """The bucket that a URL's host names; None when it names none."""
    own = urlsplit(f"//{own_host}")
    host = parts.hostname or ""
    if own.hostname and parts.port == own.port and host.endswith(f".{own.hostname}"):
        return host.removesuffix(f".{own.hostname}").removesuffix(".s3") or None
    match = _S3_HOST.fullmatch(host)
    return None if match is None else match["bucket"]


async def read_template_object(delegate: Delegate | None, ctx: Context, url: str) -> str:
    """The text of a template in S3. Raises StackFault."""
    target = parse_object_url(url, ctx.host).target
    refusal = "S3 is not part of moyai." if delegate is None else delegate.refusal("s3")
    if delegate is None or refusal is not None:
        raise StackFault(f"S3 error: {refusal}")
    request = DelegatedRequest("s3", ctx.scope, "GET", target, _headers(ctx), None)
    try:
        async with asyncio.timeout(_SECONDS):
            status, content = await _fetch(delegate, request)
    except TimeoutError:
        raise StackFault(f"S3 error: no response within {_SECONDS:g} seconds.") from None
    except (DelegateFailed, NotDelegated) as fault:
        raise StackFault(f"S3 error: {fault}") from fault
    if status > _LAST_SUCCESS:
        message = _MESSAGE.search(content)
        raise StackFault(f"S3 error: {message[1].decode(errors='replace') if message else status}\n{_HELP}")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise StackFault("Template format error: the template is not UTF-8.") from None


async def _fetch(delegate: Delegate, request: DelegatedRequest) -> tuple[int, bytes]:
    response = await delegate.forward(request)
    content = bytearray()
    async for chunk in response.chunks:
        content += chunk
        if len(content) > MAX_OBJECT:
            raise StackFault(f"Template may not exceed {MAX_OBJECT} bytes in size.")
    return response.status, bytes(content)


def _headers(ctx: Context) -> dict[str, str]:
    """The headers of a request by the authenticated caller. Servers behind moyai read the account and region there."""
    now = datetime.fromtimestamp(ctx.now, UTC).strftime("%Y%m%dT%H%M%SZ")
    credential = f"{ctx.scope.account}/{now[:8]}/{ctx.scope.region}/s3/aws4_request"
    return {
        "host": ctx.host,
        "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none",
        "x-amz-date": now,
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    }


def with_templates_from_s3(operation: ApiOperation[Any], delegate: Delegate | None) -> ApiOperation[Any]:
    """The operation with a handler that first reads from S3 the template or policy whose URL the request has, and the
    files that the template includes. An operation without a template or policy is returned as it is.
    """
    if "template_url" not in operation.request.__struct_fields__ and operation.name != "SetStackPolicy":
        return operation

    async def handle(ctx: Context, request: Any) -> object:  # noqa: ANN401 (the operation's request)
        if ctx.stack is not None and (stack := find_stack(ctx, request.stack_name)) and is_reviewed(ctx, stack):
            request = replace(request, template_url=None)  # the change set has the template that was reviewed
        for body, url, title in _TEXTS:
            if getattr(request, url, None) is not None:
                text = await _read_text(delegate, ctx, request, (body, url, title))
                request = replace(request, **{body: text, url: None})
            elif body == "template_body":
                _check_length(getattr(request, body, None) or "")
        included = await _read_included(delegate, ctx, getattr(request, "template_body", None) or "")
        answer = await _handle_with_nested(operation, delegate, replace(ctx, included=included), request)
        return await answer if isawaitable(answer) else answer

    return replace(operation, handle=handle)


async def _handle_with_nested(
    operation: ApiOperation[Any], delegate: Delegate | None, ctx: Context, request: object
) -> object:
    """Call the handler until it has the templates of all nested stacks that it needs. Raises StackFault."""
    templates: dict[str, NestedTemplate] = {}
    while True:
        try:
            return operation.handle(replace(ctx, nested_templates=templates), request)
        except NestedTemplatesMissing as missing:
            urls = missing.urls
        if len(templates) + len(urls) > MAX_NESTED:
            raise StackFault(f"The change sets of nested stacks have at most {MAX_NESTED} templates.")
        for url in sorted(urls):
            templates[url] = await _read_nested(delegate, ctx, url)
        if sum(len(each.body) for each in templates.values()) > MAX_NESTED_CHARACTERS:
            raise StackFault(
                f"The templates of nested stacks have at most {MAX_NESTED_CHARACTERS} characters together."
            )


async def _read_nested(delegate: Delegate | None, ctx: Context, url: str) -> NestedTemplate:
    try:
        body = await read_template_object(delegate, ctx, url)
        return NestedTemplate(body, await _read_included(delegate, ctx, body))
    except StackFault as fault:
        return NestedTemplate(problem=fault.message)


async def _read_text(delegate: Delegate | None, ctx: Context, request: Any, members: tuple[str, str, str]) -> str:  # noqa: ANN401 (as above)
    body, url, title = members
    if getattr(request, body) is not None:
        raise StackFault(f"{title} URL and {title} Body can not both be specified.")
    text = await read_template_object(delegate, ctx, getattr(request, url))
    if title != "Template" and len(text) > MAX_POLICY:
        raise StackFault(f"{title} may not exceed {MAX_POLICY} bytes in size.")
    return text


def _check_length(body: str) -> None:
    if len(body.encode(errors="surrogatepass")) > MAX_BODY:
        raise StackFault(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {MAX_BODY}"
        )


async def _read_included(delegate: Delegate | None, ctx: Context, body: str) -> dict[str, str]:
    """The texts of the files that a template includes, by their locations. Raises StackFault."""
    if INCLUDE not in body:
        return {}
    try:
        locations = sorted(set(include_locations(parse_text(body))))
    except TemplateFault:
        return {}  # the handler reports the error in the template
    if len(locations) > MAX_FILES:
        raise StackFault(f"Transform AWS::Include failed with: a template may include {MAX_FILES} files.")
    try:
        async with asyncio.timeout(_SECONDS):
            return {location: await read_template_object(delegate, ctx, _s3_url(location)) for location in locations}
    except TimeoutError:
        problem = f"the files were not read within {_SECONDS:g} seconds."
    except StackFault as fault:
        problem = fault.message
    raise StackFault(f"Transform AWS::Include failed with: {problem}")


def _s3_url(location: str) -> str:
    return location.replace("s3://", "https://s3.amazonaws.com/", 1) if location.startswith("s3://") else location
