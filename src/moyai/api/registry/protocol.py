"""The registry: dispatches requests below ``/v2/`` to its handlers and turns errors into responses.

Promise: what a response says is durable before it is sent. Every error is of the protocol's form, with a message that
says what to do. The registry of an account and region is chosen by the host name of the request
(``domain/ecr/registry_host.py``).
Refuses: methods that an endpoint does not have; blobs are deleted with the images that have them, not one by one.
Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.asgi import Response
from moyai.api.bodies import TooSlow
from moyai.api.operation import Context
from moyai.api.registry.access import check_access
from moyai.api.registry.blobs import get_blob
from moyai.api.registry.call import RegistryCall
from moyai.api.registry.errors import RegistryError, error_response, registry_error
from moyai.api.registry.listing import list_repositories, list_tags, show_version
from moyai.api.registry.manifests import delete_manifest, get_manifest, put_manifest
from moyai.api.registry.route import PathKind, Route, parse_route
from moyai.api.registry.uploads import cancel_upload, finish_upload, start_upload, upload_chunk, upload_status
from moyai.api.sigv4 import KeyStore
from moyai.api.wire.http import ClientDisconnected, HttpRequest
from moyai.domain.ecr.registry_host import registry_in, split_host
from moyai.domain.ecr.token import RegistryAccess
from moyai.domain.ecs.account_setting import root_of
from moyai.kernel.clock import Clock
from moyai.kernel.errors import ApiError
from moyai.kernel.ids import Ids
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.ports.blobs import BlobStore
from moyai.ports.store import StateUnwritable, Store

_VERSION: Final = MappingProxyType({"docker-distribution-api-version": "registry/2.0"})
Handler = Callable[[RegistryCall], Awaitable[Response]]
_HANDLERS: Final[Mapping[PathKind, Mapping[str, Handler]]] = MappingProxyType(
    {
        PathKind.BASE: {"GET": show_version, "HEAD": show_version},
        PathKind.CATALOG: {"GET": list_repositories},
        PathKind.TAGS: {"GET": list_tags},
        PathKind.MANIFEST: {
            "GET": get_manifest,
            "HEAD": get_manifest,
            "PUT": put_manifest,
            "DELETE": delete_manifest,
        },
        PathKind.BLOB: {"GET": get_blob, "HEAD": get_blob},
        PathKind.UPLOADS: {"POST": start_upload},
        PathKind.UPLOAD: {
            "GET": upload_status,
            "PATCH": upload_chunk,
            "PUT": finish_upload,
            "DELETE": cancel_upload,
        },
    }
)


class RegistryDependencies(msgspec.Struct, frozen=True):
    """The installation whose images the registry serves, and its settings."""

    store: Store
    blobs: BlobStore
    clock: Clock
    ids: Ids
    keys: KeyStore | None = None
    """The issued keys; None accepts any credentials, for development on loopback."""
    create_on_push: bool = True
    """Whether a push creates the repository if there is none."""


class Registry:
    """Answers requests to the registries of all accounts and regions."""

    def __init__(self, dependencies: RegistryDependencies) -> None:
        self._dependencies = dependencies

    async def answer(self, request: HttpRequest, body: AsyncIterator[bytes]) -> Response | None:
        """The response to one request; None when the client has gone. ``body``: the request's, which may be long."""
        try:
            return _with_version(await self._respond(request, body))
        except ClientDisconnected:
            return None
        except TooSlow as error:
            fault = RegistryError("UNKNOWN", error.status, error.message)
        except ApiError as error:
            fault = registry_error(error)
        except StateUnwritable as error:
            fault = RegistryError("UNKNOWN", 507, str(error))
        except RegistryError as error:
            fault = error
        return _with_version(error_response(fault))

    async def _respond(self, request: HttpRequest, body: AsyncIterator[bytes]) -> Response:
        route = parse_route(request.path)
        context = self._context(request)
        methods = _HANDLERS[route.endpoint]
        handle = methods.get(request.method)
        if handle is None:
            raise _unsupported_method(route, request.method, methods)
        dependencies = self._dependencies
        call = RegistryCall(context, dependencies.blobs, dependencies.create_on_push, route, request, body)
        rollbacks = dependencies.store.rollbacks
        try:
            return await handle(call)
        finally:  # what an error says must be as durable as what a success says
            await dependencies.store.durable(rollbacks)

    def _context(self, request: HttpRequest) -> Context:
        """The caller and the registry. Raises RegistryError."""
        dependencies = self._dependencies
        host, now = request.headers.get("host", ""), dependencies.clock.now()
        registry = registry_in(split_host(host)[0])
        scope = DEFAULT_SCOPE if registry is None else registry[0]
        root = dependencies.store.world.session_root
        access: RegistryAccess | None = check_access(request, scope, root, dependencies.keys, now)
        return Context(
            scope=scope,
            now=now,
            ids=dependencies.ids,
            store=dependencies.store,
            principal=root_of(scope),
            access_key="" if access is None else access.access_key,
            request_id=dependencies.ids.uuid(),
            host=host,
        )


def _unsupported_method(route: Route, method: str, methods: Mapping[str, Handler]) -> RegistryError:
    allowed = ", ".join(methods)
    message = f"{method[:20]} is not supported for a {route.endpoint}, only {allowed}."
    return RegistryError("UNSUPPORTED", 405, message, {"allow": allowed})


def _with_version(response: Response) -> Response:
    return replace(response, headers={**_VERSION, **dict(response.headers)})
