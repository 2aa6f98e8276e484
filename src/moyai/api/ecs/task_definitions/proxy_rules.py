"""Rules of a task definition's App Mesh proxy, with AWS's messages where they are known.

Promise: moyai runs its own Envoy as the proxy's container, so settings that need the container's image are refused by
name; so is a configuration that would send the proxy's own traffic through the proxy.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html,
https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.appmesh.agent_settings import AgentSettings, agent_settings
from moyai.domain.appmesh.agent_tracing import XRay
from moyai.domain.appmesh.names import read_proxy_name
from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.ecs.errors import ClientException, InvalidParameter
from moyai.domain.ecs.mesh_proxy import IDENTITIES, identity_in, mesh_proxy, plain_environment
from moyai.domain.ecs.proxy_configuration import APPMESH, Properties, ProxyConfiguration, read_properties
from moyai.domain.ecs.task import ContainerOverride, TaskOverride
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, TaskDefinition
from moyai.kernel.errors import ClientFault

_USER: Final = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")
_OWN_ENVOY: Final = "moyai runs its own Envoy instead of the proxy's image"


def check_proxy(definition: TaskDefinition) -> None:
    """Check the proxy configuration of a task definition. Raises ClientException."""
    configuration = definition.proxy_configuration
    proxy = mesh_proxy(definition, TaskOverride())
    if configuration is not None:
        if configuration.type not in {None, APPMESH}:
            raise unsupported_value("proxyConfiguration.type", configuration.type, "it is APPMESH", ClientException)
        if definition.network_mode is not NetworkMode.AWSVPC:
            raise ClientException("APPMESH proxy configuration is only supported in networkMode=awsvpc")
        if proxy is None:
            raise ClientException(f"The proxy container '{configuration.container_name}' does not exist.")
    if proxy is None:
        return
    user = _checked_user(proxy, ClientException)
    if configuration is not None:
        _check_ignored(proxy, _properties(configuration), user)
    _check_environment(proxy, plain_environment(proxy, TaskOverride()), ClientException)


def check_proxy_override(definition: TaskDefinition, overrides: TaskOverride) -> None:
    """Check RunTask's overrides of the proxy's container. Raises InvalidParameter."""
    proxy = mesh_proxy(definition, overrides)
    if proxy is None:
        return
    override = next((o for o in overrides.container_overrides if o.name == proxy.name), ContainerOverride())
    if override.command:
        raise unsupported_value("containerOverrides.command", " ".join(override.command), _OWN_ENVOY)
    _checked_user(proxy, InvalidParameter)
    _check_environment(proxy, plain_environment(proxy, overrides), InvalidParameter)


def check_single_proxy(definition: TaskDefinition, service_connect: ServiceConnectConfiguration | None) -> None:
    """Raises InvalidParameter for Service Connect on a task definition with an App Mesh proxy: a task has one proxy."""
    if service_connect is None or not service_connect.enabled or mesh_proxy(definition, TaskOverride()) is None:
        return
    proxy = "has a proxyConfiguration" if definition.proxy_configuration else "has an App Mesh proxy"
    raise InvalidParameter(
        f"serviceConnectConfiguration can't be enabled for a service whose task definition {proxy}: deploy the service"
        " with the one or with the other."
    )


def _properties(configuration: ProxyConfiguration) -> Properties:
    try:
        return read_properties(configuration)
    except ValueError as error:
        raise ClientException(f"Invalid 'proxyConfiguration.properties'. {error}") from error


def _checked_user(proxy: ContainerDefinition, fault: type[ClientFault]) -> tuple[int, int | None] | None:
    """The numbers of the proxy's user and group; None for moyai's own. Raises ``fault`` for settings of its image."""
    capabilities = None if proxy.linux_parameters is None else proxy.linux_parameters.capabilities
    members = (
        ("entryPoint", proxy.entry_point),
        ("command", proxy.command),
        ("workingDirectory", proxy.working_directory),
        ("interactive", proxy.interactive),
        ("pseudoTerminal", proxy.pseudo_terminal),
        ("disableNetworking", proxy.disable_networking),
        ("resourceRequirements", proxy.resource_requirements),
        ("linuxParameters.capabilities.add", None if capabilities is None else capabilities.add),
    )
    for member, value in members:
        if value:
            raise _setting(proxy, f"'{member}' is not supported by moyai: {_OWN_ENVOY}.", fault)
    for secret in proxy.secrets or ():
        if secret.name in IDENTITIES:
            raise _setting(proxy, f"{secret.name} identifies the proxy, so it can't be a secret.", fault)
    if proxy.user is None:
        return None
    match = _USER.fullmatch(proxy.user)
    if match is None:
        raise _setting(proxy, f"'user' must be numbers here, not {proxy.user!r}: {_OWN_ENVOY}.", fault)
    return int(match[1]), None if match[2] is None else int(match[2])


def _check_ignored(proxy: ContainerDefinition, properties: Properties, user: tuple[int, int | None] | None) -> None:
    uid, gid = (None, None) if user is None else user
    is_ignored = (properties.uid is not None and uid == properties.uid) or (
        properties.gid is not None and gid == properties.gid
    )
    if not is_ignored:
        setting = f"IgnoredUID={properties.uid}" if properties.uid is not None else f"IgnoredGID={properties.gid}"
        raise _setting(
            proxy,
            f"'user' must be the ignored user ({setting}), or the proxy's own traffic would go through the proxy.",
        )


def _check_environment(
    proxy: ContainerDefinition, environment: Mapping[str, str], fault: type[ClientFault]
) -> AgentSettings:
    try:
        settings = agent_settings(environment)
    except ValueError as error:
        raise _setting(proxy, str(error), fault) from error
    identity = identity_in(environment)
    if identity is not None and read_proxy_name(identity) is None:
        raise _setting(proxy, f"the proxy can't stand for {identity!r}, which names no virtual node or gateway.", fault)
    manifest = settings.tracer.manifest if isinstance(settings.tracer, XRay) else None
    if manifest is not None and not _is_mounted(proxy, manifest):
        reason = "it names a file of an image that is not run; mount a volume there"
        raise _setting(proxy, f"XRAY_SAMPLING_RULE_MANIFEST is not supported by moyai: {reason}.", fault)
    return settings


def _is_mounted(proxy: ContainerDefinition, path: str) -> bool:
    return bool(proxy.volumes_from) or any(path.startswith(f"{m.container_path}/") for m in proxy.mount_points)


def _setting(proxy: ContainerDefinition, what: str, fault: type[ClientFault] = ClientException) -> ClientFault:
    return fault(f"Invalid setting for container '{proxy.name}'. {what[0].upper()}{what[1:]}")
