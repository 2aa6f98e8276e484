"""Input members and values that moyai does not support, each with its reason.

Promise: a request that sets an unsupported member is refused with an error that names it, so no client believes that
the member had an effect; an empty list, ``false`` and the like ask for nothing and pass. A member that moyai supports
with some values only is a field of its request, and the handler refuses the other values with ``unsupported_value``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.domain.ecs.errors import InvalidParameter
from moyai.kernel.errors import ClientFault

_NO_DISKS = "there is no Elastic Block Store here"
_NO_CLASSIC = "there are no Classic Load Balancers; use a target group"
_NO_SECRETS = "the log driver of the proxy has no secret options"
_NO_WINDOWS = "only Linux tasks run"
_NO_GPU = "there are no GPUs or accelerators"
_NO_MANAGED = "there are no managed instances"

_Reasons = tuple[tuple[str, str], ...]


def _under(place: str, reasons: _Reasons) -> _Reasons:
    """The reasons for members of the structure at ``place``."""
    return tuple((f"{place}.{member}", reason) for member, reason in reasons)


_DEFINITION: _Reasons = (
    ("volumes[].dockerVolumeConfiguration.driverOpts", "a volume is a directory; for memory use tmpfs"),
    ("volumes[].fsxWindowsFileServerVolumeConfiguration", _NO_WINDOWS),
    ("volumes[].s3filesVolumeConfiguration", "there is no S3 here"),
    ("volumes[].configuredAtLaunch", _NO_DISKS),
    ("inferenceAccelerators", _NO_GPU),
    ("enableFaultInjection", "there is no fault injection"),
    ("trustedExecutionConfiguration", "there are no confidential sandboxes"),
)
_CONTAINER: _Reasons = (
    ("linuxParameters.devices", "containers get no devices of this machine"),
    ("resourceRequirements[].sharingStrategy", "a GPU is one container's alone"),
    ("credentialSpecs", _NO_WINDOWS),
)
_DAEMON_DEFINITION: _Reasons = (
    ("volumes[].logDriverVolumeConfiguration", "log drivers write no files here; read log groups"),
    ("containerDefinitions[].linuxParameters.devices", "containers get no devices of this machine"),
)
_SERVICE_CONNECT: _Reasons = (("logConfiguration.secretOptions", _NO_SECRETS),)
_SERVICE: _Reasons = (
    ("loadBalancers[].loadBalancerName", _NO_CLASSIC),
    ("volumeConfigurations", _NO_DISKS),
    ("vpcLatticeConfigurations", "there is no VPC Lattice"),
    ("monitoring", "the resolution of metrics is fixed"),
    *_under("serviceConnectConfiguration", _SERVICE_CONNECT),
)
_RUN: _Reasons = (
    ("referenceId", "it is for Amazon ECS alone"),
    ("volumeConfigurations", _NO_DISKS),
    ("overrides.containerOverrides[].resourceRequirements", "the container definition sets the number of GPUs"),
    ("overrides.inferenceAcceleratorOverrides", _NO_GPU),
)
_GATEWAY: _Reasons = (("webACLArn", "there is no web application firewall"),)
_CLUSTER: _Reasons = (("managedStorageConfiguration", "there is no KMS here"),)
_PROVIDER: _Reasons = (
    ("cluster", _NO_MANAGED),
    ("managedInstancesProvider", _NO_MANAGED),
)

UNSUPPORTED_MEMBERS: Mapping[str, str] = MappingProxyType(
    dict(
        (
            *_under("CreateCluster.configuration", _CLUSTER),
            *_under("UpdateCluster.configuration", _CLUSTER),
            (
                "RegisterContainerInstance.instanceIdentityDocumentSignature",
                "the document is not verified; nobody here could sign it",
            ),
            *_under("CreateGateway.configuration.hostSharedAlb", _GATEWAY),
            *_under("UpdateGateway.configuration.hostSharedAlb", _GATEWAY),
            *_under("RegisterTaskDefinition", _DEFINITION),
            *_under("RegisterTaskDefinition.containerDefinitions[]", _CONTAINER),
            *_under("RegisterDaemonTaskDefinition", _DAEMON_DEFINITION),
            *_under("CreateService", _SERVICE),
            *_under("UpdateService", _SERVICE),
            *_under("CreateCapacityProvider", _PROVIDER),
            *_under("UpdateCapacityProvider", _PROVIDER),
            ("DeleteCapacityProvider.cluster", _NO_MANAGED),
            ("CreateTaskSet.loadBalancers[].loadBalancerName", _NO_CLASSIC),
            *_under("RunTask", _RUN),
            *_under("StartTask", _RUN),
        )
    )
)
"""``Operation.path`` to the reason; see ``wire.accept.Refusals``."""


def unsupported_value(
    member: str, value: object, reason: str, fault: type[ClientFault] = InvalidParameter
) -> ClientFault:
    """The error for a value that moyai does not support in this member."""
    return fault(f"{member}: {value} is not supported by moyai: {reason}.")
