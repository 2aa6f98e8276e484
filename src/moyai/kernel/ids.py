"""Typed identifiers, and the protocol that generates them.

Promise: the type checker distinguishes the types of ids, and every random id comes from an ``Ids``, so a seed replays a
whole run. The formats are AWS's, as listed with each name.
"""

from __future__ import annotations

from typing import NewType, Protocol

AccountId = NewType("AccountId", str)
Region = NewType("Region", str)

# ECS. ARNs are always the long format (with the cluster's name in it).
ClusterArn = NewType("ClusterArn", str)
ServiceArn = NewType("ServiceArn", str)
TaskArn = NewType("TaskArn", str)
TaskDefinitionArn = NewType("TaskDefinitionArn", str)
ContainerArn = NewType("ContainerArn", str)
DeploymentId = NewType("DeploymentId", str)
"""``ecs-svc/<19 digits>``: one rollout of a service, and its service revision."""
Pool = NewType("Pool", str)
"""A set of a service's tasks that share a weight of its traffic: the digits of the DeploymentId that created it; empty
for a service's first pool.
"""
ServiceDeploymentArn = NewType("ServiceDeploymentArn", str)
"""``…:service-deployment/<cluster>/<service>/<21 characters>``."""
ServiceRevisionArn = NewType("ServiceRevisionArn", str)
"""``…:service-revision/<cluster>/<service>/<digits of the DeploymentId>``."""
TaskSetArn = NewType("TaskSetArn", str)
"""``…:task-set/<cluster>/<service>/<DeploymentId>``."""
DaemonArn = NewType("DaemonArn", str)
"""``…:daemon/<cluster>/<daemon>``."""
DaemonDeploymentArn = NewType("DaemonDeploymentArn", str)
"""``…:daemon-deployment/<cluster>/<daemon>/<21 characters>``."""
DaemonRevisionArn = NewType("DaemonRevisionArn", str)
"""``…:daemon-revision/<cluster>/<daemon>/<19 digits>``."""
HookId = NewType("HookId", str)
"""``ecs-pause-<43 characters>``: one run of a lifecycle hook."""
TaskId = NewType("TaskId", str)
"""32 lower-case hex digits, the last part of a task's ARN. Unique per installation. A container instance also has a
TaskId, as the id of its sandbox."""
ContainerInstanceArn = NewType("ContainerInstanceArn", str)
CapacityProviderArn = NewType("CapacityProviderArn", str)
CapacityProviderName = NewType("CapacityProviderName", str)
"""``FARGATE``, ``FARGATE_SPOT`` or the name of one of the account's own providers."""

# Cloud Map.
NamespaceArn = NewType("NamespaceArn", str)
NamespaceId = NewType("NamespaceId", str)
"""``ns-<16 characters>``."""
DiscoveryServiceArn = NewType("DiscoveryServiceArn", str)
DiscoveryServiceId = NewType("DiscoveryServiceId", str)
"""``srv-<16 characters>``."""
InstanceId = NewType("InstanceId", str)
OperationId = NewType("OperationId", str)

# App Mesh. The ARN of a resource in a mesh has ``mesh/<name>``, or ``mesh/<name>@<account of the mesh>`` where the
# resource's own account is another.
MeshArn = NewType("MeshArn", str)
VirtualNodeArn = NewType("VirtualNodeArn", str)
VirtualServiceArn = NewType("VirtualServiceArn", str)
VirtualRouterArn = NewType("VirtualRouterArn", str)
RouteArn = NewType("RouteArn", str)
"""``…:mesh/<mesh>/virtualRouter/<router>/route/<name>``."""
VirtualGatewayArn = NewType("VirtualGatewayArn", str)
GatewayRouteArn = NewType("GatewayRouteArn", str)
"""``…:mesh/<mesh>/virtualGateway/<gateway>/gatewayRoute/<name>``."""

# EC2.
VpcId = NewType("VpcId", str)
SubnetId = NewType("SubnetId", str)
SecurityGroupId = NewType("SecurityGroupId", str)
NetworkInterfaceId = NewType("NetworkInterfaceId", str)
RouteTableId = NewType("RouteTableId", str)
VpcPeeringId = NewType("VpcPeeringId", str)
InternetGatewayId = NewType("InternetGatewayId", str)
NatGatewayId = NewType("NatGatewayId", str)
AllocationId = NewType("AllocationId", str)
"""The id of an elastic address."""
EgressOnlyGatewayId = NewType("EgressOnlyGatewayId", str)
NetworkAclId = NewType("NetworkAclId", str)
VpcEndpointId = NewType("VpcEndpointId", str)
DhcpOptionsId = NewType("DhcpOptionsId", str)
FlowLogId = NewType("FlowLogId", str)
LaunchTemplateId = NewType("LaunchTemplateId", str)

# Gateways of services.
ServiceGatewayArn = NewType("ServiceGatewayArn", str)
"""``…:gateway/<name>``."""
ServiceRouteArn = NewType("ServiceRouteArn", str)
"""``…:gateway-route/<gateway>/<id>``."""

# Elastic Load Balancing. Each random id is 16 hexadecimal digits.
LoadBalancerArn = NewType("LoadBalancerArn", str)
"""``…:loadbalancer/app/<name>/<id>`` or ``…:loadbalancer/net/<name>/<id>``."""
TargetGroupArn = NewType("TargetGroupArn", str)
"""``…:targetgroup/<name>/<id>``."""
ListenerArn = NewType("ListenerArn", str)
"""``…:listener/app/<load balancer>/<its id>/<id>``."""
ListenerRuleArn = NewType("ListenerRuleArn", str)
"""``…:listener-rule/app/<load balancer>/<its id>/<listener's id>/<id>``."""

# RAM.
ShareArn = NewType("ShareArn", str)
InvitationArn = NewType("InvitationArn", str)

# Private CA.
CertificateAuthorityArn = NewType("CertificateAuthorityArn", str)
CertificateArn = NewType("CertificateArn", str)
"""``<CertificateAuthorityArn>/certificate/<serial number, 32 hexadecimal digits>``."""

# Certificate Manager.
ManagedCertificateArn = NewType("ManagedCertificateArn", str)
"""``arn:aws:acm:<region>:<account>:certificate/<uuid>``."""

# CloudWatch.
AlarmArn = NewType("AlarmArn", str)
"""``…:alarm:<name>``."""
DashboardArn = NewType("DashboardArn", str)
"""``…::<account>:dashboard/<name>``, without a region."""

# CloudWatch Logs.
LogGroupArn = NewType("LogGroupArn", str)
"""``arn:aws:logs:<region>:<account>:log-group:<name>``, without the ``:*`` that AWS's older calls end it with."""
LogGroupId = NewType("LogGroupId", str)
"""16 hexadecimal digits, the key of a group's events: a new group of the same name has another id."""
LogStreamArn = NewType("LogStreamArn", str)
"""``<LogGroupArn>:log-stream:<name>``."""
LogStreamId = NewType("LogStreamId", str)
"""The id of a log stream, which stays when the stream's name changes."""

# Application Auto Scaling.
ScalableTargetArn = NewType("ScalableTargetArn", str)
ScheduledActionArn = NewType("ScheduledActionArn", str)
ScalingPolicyArn = NewType("ScalingPolicyArn", str)
"""``…:scalingPolicy:<uuid>:resource/ecs/service/<cluster>/<service>:policyName/<name>``."""

# Parameter Store, Secrets Manager and S3.
ParameterArn = NewType("ParameterArn", str)
SecretArn = NewType("SecretArn", str)
"""``…:secret:<name>-<6 characters>``."""
S3ObjectArn = NewType("S3ObjectArn", str)
"""``arn:aws:s3:::<bucket>/<key>``."""

# Elastic Container Registry.
RepositoryArn = NewType("RepositoryArn", str)
"""``arn:aws:ecr:<region>:<account>:repository/<name>``."""
UploadId = NewType("UploadId", str)
"""A UUID: one upload of a layer."""

# Elastic File System.
FileSystemId = NewType("FileSystemId", str)
"""``fs-<17 hex digits>``. Unique per installation."""
MountTargetId = NewType("MountTargetId", str)
"""``fsmt-<17 hex digits>``."""
AccessPointId = NewType("AccessPointId", str)
"""``fsap-<17 hex digits>``."""

# CloudFormation.
StackId = NewType("StackId", str)
"""``arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>``."""
ChangeSetArn = NewType("ChangeSetArn", str)
"""``arn:aws:cloudformation:<region>:<account>:changeSet/<name>/<uuid>``."""
StackTemplateId = NewType("StackTemplateId", str)
"""A UUID."""

# The mesh.
WorkloadId = NewType("WorkloadId", str)
"""A set of interchangeable proxies: the ARN of a task, or of the virtual node or gateway that they represent."""
ProxyId = NewType("ProxyId", str)
"""One Envoy: the ARN of its task, or ``<WorkloadId>#<suffix>`` for an Envoy outside of tasks."""
PROXY_HEADER = "x-moyai-workload"
"""The gRPC metadata with a proxy's ProxyId. (The name is older than the distinction of proxies and workloads; running
Envoys still send it.)
"""

# Route 53.
HostedZoneId = NewType("HostedZoneId", str)
"""``Z`` and 20 upper-case letters and digits. It is unique among all accounts."""
ZoneChangeId = NewType("ZoneChangeId", str)
"""``C`` and 20 upper-case letters and digits."""

# EventBridge Scheduler.
ScheduleArn = NewType("ScheduleArn", str)
"""``arn:aws:scheduler:<region>:<account>:schedule/<group>/<name>``."""
ScheduleGroupArn = NewType("ScheduleGroupArn", str)
"""``arn:aws:scheduler:<region>:<account>:schedule-group/<name>``."""

# EventBridge.
EventBusArn = NewType("EventBusArn", str)
"""``arn:aws:events:<region>:<account>:event-bus/<name>``."""
EventRuleArn = NewType("EventRuleArn", str)
"""``arn:aws:events:<region>:<account>:rule/[<bus>/]<name>``."""
EventDeliveryId = NewType("EventDeliveryId", str)
"""A UUID."""


class Ids(Protocol):
    """A source of fresh identifiers; seeded in tests."""

    def uuid(self) -> str:
        """A random UUID in its 36-character lower-case form."""

    def hex(self, digits: int) -> str:
        """That many lower-case hexadecimal digits."""

    def decimal(self, digits: int) -> str:
        """That many decimal digits, the first of them not 0."""

    def alphanumeric(self, length: int) -> str:
        """Lower-case letters and digits, as Cloud Map's ids use."""
