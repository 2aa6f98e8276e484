"""Chooses the server that answers a service: the endpoint that the user has configured for it, the one for all
services, or the embedded server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from typing_extensions import override

from moyai.delegate.embedded import EmbeddedServer, is_installed
from moyai.delegate.forwarding import DelegateClient
from moyai.delegate.networks import (
    IN_NETWORKS,
    LAUNCHES,
    NetworkGroup,
    Networks,
    NetworkSubnet,
    NetworkTemplate,
    NetworkVpc,
)
from moyai.delegate.settings import DelegateChoice
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.launch_template import LaunchTemplate
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World
from moyai.kernel.ids import LaunchTemplateId
from moyai.kernel.scope import Scope
from moyai.ports.delegate import (
    Delegate,
    DelegatedRequest,
    DelegatedResponse,
    DelegateFailed,
    DelegateReset,
    NotDelegated,
    NotReached,
    ServiceOwner,
)
from moyai.ports.store import Store

LOSSES: Final = MappingProxyType(
    {
        "cognito-idp": "user pools with their users",
        "dynamodb": "tables with their items",
        "elasticache": "the records of caches",
        "iam": "roles, policies, users and their keys",
        "kms": "keys, so that what they encrypted cannot be decrypted any more",
        "lambda": "the records of functions",
        "rds": "the records of databases",
        "s3": "buckets with their objects",
        "sns": "topics and subscriptions",
        "sqs": "queues with their messages",
        "states": "state machines and their executions",
    }
)
"""The contents that are lost with the embedded server's process, by the signing names of services."""
OTHER_LOSSES: Final = "everything that was stored there"


_ALL: Final = "*"
_EMBEDDED: Final = "moto (moyai[aws])"
_MOST_SCOPES: Final = 1024
"""Number of scopes, pairs of an account and a region, that the embedded server may have records of. Clients choose the
names of both.
"""
_INSTALL: Final = "install moyai[aws], or name a server that answers it with `moyai up --delegate`."


class Delegates(Delegate):
    """Implements ``Delegate`` with configured endpoints and the embedded server."""

    def __init__(
        self, choice: DelegateChoice, embedded: EmbeddedServer, store: Store, most_scopes: int = _MOST_SCOPES
    ) -> None:
        self._choice, self._embedded, self._store, self._most_scopes = choice, embedded, store, most_scopes
        self._scopes: set[Scope] = set()
        """The scopes of requests to the embedded server."""
        self._sent_networks: dict[Scope, Networks] = {}
        """The networks that were sent to the embedded server, by scope."""
        self._templates: dict[Scope, dict[LaunchTemplateId, tuple[LaunchTemplate, NetworkTemplate]]] = {}
        """The launch templates by scope and id, each as a record and in the form that is sent."""
        self._networks_lock = asyncio.Lock()
        """Held while networks are sent, because older ones that arrive after newer ones would replace these."""
        self._reset_changes = 0
        """The number of resets that have begun plus that of those that have ended: odd during a reset."""
        self._has_embedded = choice.embedded and choice.url is None and is_installed()
        self._clients: dict[str, DelegateClient] = {}
        """The clients by URL; for the embedded server by the path of its socket."""

    @override
    def owners(self) -> Sequence[ServiceOwner]:
        configured_owners = [ServiceOwner(service, url, None) for service, url in sorted(self._choice.urls.items())]
        if self._choice.url is not None:
            return [*configured_owners, ServiceOwner(_ALL, self._choice.url, None)]
        if not self._has_embedded:
            return [*configured_owners, ServiceOwner(_ALL, None, None)]
        others = [(service, loss) for service, loss in LOSSES.items() if service not in self._choice.urls]
        version = self._embedded.other_version()
        return [
            *configured_owners,
            *(_by_embedded(service, loss, version) for service, loss in [*others, (_ALL, OTHER_LOSSES)]),
        ]

    @override
    def refusal(self, service: str) -> str | None:
        if self._url(service) is not None or self._has_embedded:
            return None
        if not self._choice.embedded:
            return f"{service} is not part of moyai, and `moyai up --delegate` names no server that answers it."
        return f"{service} is not part of moyai: {_INSTALL}"

    @override
    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        url = self._url(request.service)
        if url is not None:
            return await self._client(url).forward(request)
        changes = self._reset_changes
        try:
            return await self._forward_again(request)
        except (DelegateFailed, FileNotFoundError) as fault:
            if self._reset_changes == changes and changes % 2 == 0:
                raise
            raise DelegateReset("moyai was reset while this request was under way. Please send it again.") from fault

    async def reset(self) -> None:
        """End the embedded server's process, and thereby delete all its records."""
        self._reset_changes += 1
        self._scopes.clear()
        try:
            await self._embedded.end()
            self._sent_networks.clear()  # after the end, because a running request records the networks that it sends
            self._templates.clear()
            for key in self._clients.keys() - {*self._choice.urls.values(), self._choice.url}:
                await self._clients.pop(key).close()
        finally:
            self._reset_changes += 1

    async def _forward_again(self, request: DelegatedRequest) -> DelegatedResponse:
        """Forward a request to the embedded server, and once more after a new start if it does not answer."""
        try:
            return await self._forward_to_embedded(request)
        except (NotReached, FileNotFoundError):  # FileNotFoundError: its directory was just removed
            self._embedded.look_again()
            self._sent_networks.clear()
        return await self._forward_to_embedded(request)

    async def _forward_to_embedded(self, request: DelegatedRequest) -> DelegatedResponse:
        if request.scope not in self._scopes and len(self._scopes) >= self._most_scopes:
            raise NotDelegated(
                f"moto answers {self._most_scopes} pairs of an account and a region, until `moyai down`."
            )
        self._scopes.add(request.scope)
        await self._embedded.start()
        client = self._client("http://localhost", self._embedded.address)
        if request.service in IN_NETWORKS:
            async with self._networks_lock:
                await self._send_networks(client, request)
        return await client.forward(request)

    async def _send_networks(self, client: DelegateClient, request: DelegatedRequest) -> None:
        """Send the networks of the request's scope to the embedded server, unless it has the same ones."""
        sent_networks = self._sent_networks.get(request.scope)
        networks = _networks_of(self._store.world, request.scope, self._templates_for(request, sent_networks))
        if sent_networks != networks:
            await client.send_networks(networks)
            self._sent_networks[request.scope] = networks

    def _templates_for(self, request: DelegatedRequest, sent_networks: Networks | None) -> tuple[NetworkTemplate, ...]:
        """The launch templates that the embedded server needs for a request: the present ones for a service that looks
        them up, for another one those that were sent already.
        """
        if request.service not in LAUNCHES:
            return () if sent_networks is None else sent_networks.templates
        former, current = self._templates.get(request.scope, {}), {}
        for record in all_in_scope(self._store.world, LaunchTemplate, request.scope):
            pair = former.get(record.id)
            current[record.id] = pair if pair is not None and pair[0] is record else (record, _network_template(record))
        self._templates[request.scope] = current
        return tuple(template for _, template in current.values())

    @override
    async def close(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def _url(self, service: str) -> str | None:
        return self._choice.urls.get(service, self._choice.url)

    def _client(self, url: str, socket: str | None = None) -> DelegateClient:
        key = socket or url
        if key not in self._clients:
            self._clients[key] = DelegateClient(url, socket)
        return self._clients[key]


def _by_embedded(service: str, loss: str, other_version: str | None) -> ServiceOwner:
    return ServiceOwner(service, _EMBEDDED, durable=False, lost=loss, other_version=other_version)


def _networks_of(world: World, scope: Scope, templates: tuple[NetworkTemplate, ...]) -> Networks:
    """The present networks of a scope."""
    vpcs, subnets = all_in_scope(world, Vpc, scope), all_in_scope(world, Subnet, scope)
    groups = all_in_scope(world, SecurityGroup, scope)
    return Networks(
        scope,
        tuple(NetworkVpc(vpc.id, vpc.cidr, vpc.is_default) for vpc in vpcs),
        tuple(NetworkSubnet(subnet.id, subnet.vpc, subnet.cidr, subnet.zone) for subnet in subnets),
        tuple(NetworkGroup(group.id, group.vpc, group.name, group.description) for group in groups),
        templates,
    )


def _network_template(template: LaunchTemplate) -> NetworkTemplate:
    versions = {
        version.number: (str(version.data.get("image_id", "")), str(version.data.get("instance_type", "")))
        for version in template.versions
    }
    return NetworkTemplate(template.id, template.name, template.default, versions)
