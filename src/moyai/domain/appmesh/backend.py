"""Backends: the virtual services that a virtual node calls.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualServiceBackend.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.client_policy import ClientPolicy


class VirtualServiceBackend(msgspec.Struct, frozen=True):
    """A virtual service, by its name or its ARN; it need not exist."""

    virtual_service_name: str
    client_policy: ClientPolicy | None = None


class Backend(msgspec.Struct, frozen=True):
    """A backend; there is only one kind."""

    virtual_service: VirtualServiceBackend
