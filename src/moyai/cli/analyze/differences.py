"""Differences from AWS that concern the members a request sets, in the words of the parity table.

Promise: the texts are those of docs/reference/parity.md, which a wheel contains; this module only says which row
concerns which requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import jmespath

from moyai.cli.analyze.requests import DocumentRequest

_PARITY: Final = Path(__file__).with_name("parity.md")
"""The path of the table in a wheel; scripts/build_hook.py puts it there."""
_IN_REPOSITORY: Final = Path(__file__).parents[4] / "docs" / "reference" / "parity.md"
_CELLS: Final = re.compile(r"(?<!\\)\|")
_LINK: Final = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_COLUMNS: Final = 4
_TASK, _SERVICE, _BALANCER, _GROUP = (
    "RegisterTaskDefinition",
    "CreateService",
    "CreateLoadBalancer",
    "CreateTargetGroup",
)


class ParityRow(NamedTuple):
    """A row of the parity table."""

    topic: str
    aws: str
    moyai: str


class _Concern(NamedTuple):
    """A row of the table concerns requests of the operation that fulfil the condition, an expression in JMESPath."""

    operation: str
    member: str
    condition: str
    topic: str


_CONCERNS: Final = (
    _Concern(_TASK, "taskRoleArn, executionRoleArn", "taskRoleArn || executionRoleArn", "keys of a task's role"),
    _Concern(
        _TASK,
        "dockerLabels",
        "containerDefinitions[?dockerLabels]",
        "`dockerLabels`",
    ),
    _Concern(_TASK, "ephemeralStorage", "ephemeralStorage", "`ephemeralStorage`, and 20 GiB without it"),
    _Concern(_TASK, "volumes[].host.sourcePath", "volumes[?host.sourcePath]", "`host.sourcePath`"),
    _Concern(
        _TASK,
        "linuxParameters.capabilities.add",
        "containerDefinitions[?linuxParameters.capabilities.add]",
        "`capabilities.add`",
    ),
    _Concern(
        _TASK,
        "privileged, linuxParameters.devices",
        "containerDefinitions[?privileged || linuxParameters.devices]",
        "`privileged`, `linuxParameters.devices`",
    ),
    _Concern(_TASK, "links", "containerDefinitions[?links]", "bridge: `links`"),
    _Concern(_TASK, "networkMode", "networkMode=='bridge'", "bridge: a task's containers"),
    _Concern(
        _TASK,
        "containerPortRange",
        "containerDefinitions[].portMappings[] | [?containerPortRange]",
        "`containerPortRange`, published at a public address",
    ),
    _Concern(
        _TASK,
        "logConfiguration.options",
        'containerDefinitions[?logConfiguration.options."awslogs-datetime-format" || '
        "logConfiguration.options.\"awslogs-multiline-pattern\" || logConfiguration.options.mode=='blocking']",
        "`awslogs-datetime-format`, `awslogs-multiline-pattern`, `mode` blocking",
    ),
    _Concern(_TASK, "environmentFiles", "containerDefinitions[?environmentFiles]", "`environmentFiles`"),
    _Concern(_TASK, "resourceRequirements", "containerDefinitions[].resourceRequirements[] | [?type=='GPU']", "GPUs"),
    _Concern(_SERVICE, "launchType", "launchType=='MANAGED_INSTANCES'", "`launchType` MANAGED_INSTANCES"),
    _Concern(
        _SERVICE,
        "capacityProviderStrategy",
        "capacityProviderStrategy[?capacityProvider=='FARGATE_SPOT']",
        "FARGATE_SPOT",
    ),
    _Concern(
        _SERVICE,
        "capacityProviderStrategy",
        "capacityProviderStrategy[?capacityProvider!='FARGATE_SPOT' && capacityProvider!='FARGATE']",
        "your own capacity provider",
    ),
    _Concern(
        _SERVICE,
        "availabilityZoneRebalancing",
        "availabilityZoneRebalancing=='ENABLED'",
        "`availabilityZoneRebalancing`",
    ),
    _Concern(
        _SERVICE,
        "assignPublicIp",
        "networkConfiguration.awsvpcConfiguration.assignPublicIp=='ENABLED'",
        "`assignPublicIp`",
    ),
    _Concern(
        _SERVICE,
        "serviceConnectConfiguration.logConfiguration",
        "serviceConnectConfiguration.logConfiguration",
        "`logConfiguration` of the proxy",
    ),
    _Concern(
        _SERVICE,
        "serviceConnectConfiguration.services[].tls",
        "serviceConnectConfiguration.services[?tls && !tls.issuerCertificateAuthority.awsPcaAuthorityArn]",
        "`tls` without `awsPcaAuthorityArn`",
    ),
    _Concern(
        _SERVICE,
        "deploymentConfiguration.alarms",
        "deploymentConfiguration.alarms.enable",
        "… bake time of a rolling deployment with alarms",
    ),
    _Concern(_SERVICE, "lifecycleHooks", "deploymentConfiguration.lifecycleHooks", "lifecycle hooks"),
    _Concern(_BALANCER, "Name", "Name", "the name of a load balancer"),
    _Concern(_BALANCER, "IpAddressType", "IpAddressType=='dualstack-without-public-ipv4'", "`dualstack`"),
    _Concern(
        _GROUP,
        "TargetType, Protocol",
        "TargetType=='lambda' || contains(['QUIC', 'TCP_QUIC', 'GENEVE'], Protocol || '')",
        "target type `lambda`, protocols QUIC, TCP_QUIC and GENEVE",
    ),
    _Concern(_GROUP, "ProtocolVersion", "ProtocolVersion=='GRPC'", "health check of a gRPC target group"),
    _Concern(
        "CreateListener",
        "DefaultActions",
        "DefaultActions[?starts_with(Type || '', 'authenticate') || Type=='jwt-validation']",
        "authentication and JWT validation",
    ),
)
CONCERNED_TOPICS: Final = tuple(concern.topic for concern in _CONCERNS)


def parity_rows() -> Mapping[str, ParityRow]:
    """The table's rows by topic, as plain text without links."""
    text = (_PARITY if _PARITY.is_file() else _IN_REPOSITORY).read_text()
    cells = ([cell.strip() for cell in _CELLS.split(line)[1:-1]] for line in text.splitlines() if line.startswith("|"))
    rows = (ParityRow(*(_LINK.sub(r"\1", cell) for cell in row[:3])) for row in cells if len(row) == _COLUMNS)
    return {row.topic: row for row in rows}


def differences(request: DocumentRequest, rows: Mapping[str, ParityRow]) -> Iterator[str]:
    """The differences between AWS and moyai that concern the members of a request."""
    for concern in _CONCERNS:
        if concern.operation != request.operation:
            continue
        try:
            applies = jmespath.search(concern.condition, dict(request.members))
        except jmespath.exceptions.JMESPathError:  # a value of another type, which is a problem of its own
            continue
        if applies:
            row = rows[concern.topic]
            yield f"{concern.member}: on AWS, {row.aws}; here, {row.moyai}"
