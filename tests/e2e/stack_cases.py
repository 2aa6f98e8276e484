"""A case for each resource type of CloudFormation: what it is made from, what is changed, what its attributes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

ROLE: Final = "arn:aws:iam::123456789012:role/ecs"
Resources = Mapping[str, Any]


class Case(msgspec.Struct, frozen=True):
    """``It`` is the resource that is tested, of this type; ``others`` are those that it needs.

    ``attributes``: a regular expression for each, and for ``Ref``. ``changed``: the properties that an update sets, in
    place unless ``replaced``.
    """

    type: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, str]
    changed: Mapping[str, Any] = {}
    others: Resources = {}
    replaced: bool = False
    depends_on: str | None = None


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, str]:
    """The value of a resource."""
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def tags(**values: str) -> list[dict[str, str]]:
    """Tags as most types have them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def node_spec(port: int) -> dict[str, Any]:
    """The specification of a virtual node."""
    return {
        "Listeners": [{"PortMapping": {"Port": port, "Protocol": "http"}}],
        "ServiceDiscovery": {"DNS": {"Hostname": "web.local"}},
    }


VPC: Final = {"Vpc": resource("EC2::VPC", CidrBlock="10.77.0.0/16")}
ZONE_NAME: Final = {"Fn::Sub": "${AWS::StackName}.test"}
WEB_NAME: Final = {"Fn::Sub": "web.${AWS::StackName}.test"}
ZONE: Final = {"Zone": resource("Route53::HostedZone", Name=ZONE_NAME)}
NETWORK: Final = {
    **VPC,
    "Subnet": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.77.1.0/24", AvailabilityZone="us-east-1a"),
    "Subnet2": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.77.2.0/24", AvailabilityZone="us-east-1b"),
}
GROUP: Final = {"Group": resource("Logs::LogGroup")}
CLUSTER: Final = {"Cluster": resource("ECS::Cluster")}
NAMESPACE: Final = {"Namespace": resource("ServiceDiscovery::HttpNamespace", Name={"Ref": "AWS::StackName"})}
MESH: Final = {"Mesh": resource("AppMesh::Mesh")}
IN_MESH: Final = {"MeshName": att("Mesh", "MeshName")}
FILE_SYSTEM: Final = {"Files": resource("EFS::FileSystem")}
AUTHORITY: Final = {
    "Authority": resource(
        "ACMPCA::CertificateAuthority",
        Type="ROOT",
        KeyAlgorithm="EC_prime256v1",
        SigningAlgorithm="SHA256WITHECDSA",
        Subject={"CommonName": "root"},
    )
}
ROOT: Final = {
    **AUTHORITY,
    "Certificate": resource(
        "ACMPCA::Certificate",
        CertificateAuthorityArn=ref("Authority"),
        CertificateSigningRequest=att("Authority", "CertificateSigningRequest"),
        SigningAlgorithm="SHA256WITHECDSA",
        TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1",
        Validity={"Type": "YEARS", "Value": "10"},
    ),
}
BALANCER: Final = {
    **NETWORK,
    "Balancer": resource(
        "ElasticLoadBalancingV2::LoadBalancer", Scheme="internal", Subnets=[ref("Subnet"), ref("Subnet2")]
    ),
    "Targets": resource(
        "ElasticLoadBalancingV2::TargetGroup", VpcId=ref("Vpc"), Port=80, Protocol="HTTP", TargetType="ip"
    ),
}
FORWARD: Final = [{"Type": "forward", "TargetGroupArn": ref("Targets")}]
LISTENER: Final = {
    **BALANCER,
    "Listener": resource(
        "ElasticLoadBalancingV2::Listener",
        LoadBalancerArn=ref("Balancer"),
        Port=80,
        Protocol="HTTP",
        DefaultActions=FORWARD,
    ),
}
CONTAINER: Final = {"Name": "web", "Image": "moyai.local/host", "Command": ["sleep", "600"]}
DEFINITION: Final = {
    "Definition": resource(
        "ECS::TaskDefinition",
        NetworkMode="awsvpc",
        RequiresCompatibilities=["FARGATE"],
        Cpu=256,
        Memory=512,
        ContainerDefinitions=[CONTAINER],
    )
}
IN_SUBNET: Final = {"AwsvpcConfiguration": {"Subnets": [ref("Subnet")]}}
EXTERNAL: Final = {
    **CLUSTER,
    **NETWORK,
    **DEFINITION,
    "Service": resource(
        "ECS::Service", Cluster=ref("Cluster"), DesiredCount=0, DeploymentController={"Type": "EXTERNAL"}
    ),
}
TASK_SET: Final = {
    "Cluster": ref("Cluster"),
    "Service": ref("Service"),
    "TaskDefinition": ref("Definition"),
    "LaunchType": "FARGATE",
    "NetworkConfiguration": IN_SUBNET,
}
SCALED: Final = {
    **CLUSTER,
    **NETWORK,
    **DEFINITION,
    "Service": resource(
        "ECS::Service",
        Cluster=ref("Cluster"),
        TaskDefinition=ref("Definition"),
        DesiredCount=0,
        LaunchType="FARGATE",
        NetworkConfiguration=IN_SUBNET,
    ),
}
TARGET: Final = {
    "ResourceId": {"Fn::Sub": "service/${Cluster}/${Service.Name}"},
    "ScalableDimension": "ecs:service:DesiredCount",
    "ServiceNamespace": "ecs",
}

OWN: Final = (
    Case(
        "AWS::AppMesh::Mesh",
        {"Tags": tags(a="1")},
        {"Ref": "arn:aws:appmesh:.*:mesh/.*", "Arn": ".*:mesh/.*", "Uid": ".+", "MeshName": ".*-It-.*"},
        {"Spec": {"EgressFilter": {"Type": "ALLOW_ALL"}}, "Tags": tags(b="2")},
    ),
    Case(
        "AWS::AppMesh::VirtualNode",
        {**IN_MESH, "Spec": node_spec(80)},
        {"Ref": ".*/virtualNode/.*", "VirtualNodeName": ".*-It-.*", "MeshOwner": r"\d{12}"},
        {"Spec": node_spec(81)},
        MESH,
    ),
    Case(
        "AWS::AppMesh::VirtualRouter",
        {**IN_MESH, "Spec": {"Listeners": [{"PortMapping": {"Port": 80, "Protocol": "http"}}]}},
        {"Ref": ".*/virtualRouter/.*"},
        {"Spec": {"Listeners": [{"PortMapping": {"Port": 81, "Protocol": "http"}}]}},
        MESH,
    ),
    Case(
        "AWS::AppMesh::Route",
        {
            **IN_MESH,
            "VirtualRouterName": att("Router", "VirtualRouterName"),
            "Spec": {
                "HttpRoute": {
                    "Match": {"Prefix": "/"},
                    "Action": {"WeightedTargets": [{"VirtualNode": att("Node", "VirtualNodeName"), "Weight": 1}]},
                }
            },
        },
        {"Ref": ".*/route/.*", "RouteName": ".*-It-.*"},
        others={
            **MESH,
            "Router": resource(
                "AppMesh::VirtualRouter",
                **IN_MESH,
                Spec={"Listeners": [{"PortMapping": {"Port": 80, "Protocol": "http"}}]},
            ),
            "Node": resource("AppMesh::VirtualNode", **IN_MESH, Spec=node_spec(80)),
        },
    ),
    Case(
        "AWS::AppMesh::VirtualService",
        {**IN_MESH, "VirtualServiceName": "web.local", "Spec": {}},
        {"Ref": ".*/virtualService/web.local"},
        others=MESH,
    ),
    Case(
        "AWS::AppMesh::VirtualGateway",
        {**IN_MESH, "Spec": {"Listeners": [{"PortMapping": {"Port": 80, "Protocol": "http"}}]}},
        {"Ref": ".*/virtualGateway/.*"},
        {"Spec": {"Listeners": [{"PortMapping": {"Port": 81, "Protocol": "http"}}]}},
        MESH,
    ),
    Case(
        "AWS::AppMesh::GatewayRoute",
        {
            **IN_MESH,
            "VirtualGatewayName": att("Gateway", "VirtualGatewayName"),
            "Spec": {
                "HttpRoute": {
                    "Match": {"Prefix": "/"},
                    "Action": {"Target": {"VirtualService": {"VirtualServiceName": att("Web", "VirtualServiceName")}}},
                }
            },
        },
        {"Ref": ".*/gatewayRoute/.*", "GatewayRouteName": ".*-It-.*"},
        others={
            **MESH,
            "Web": resource("AppMesh::VirtualService", **IN_MESH, VirtualServiceName="web.local", Spec={}),
            "Gateway": resource(
                "AppMesh::VirtualGateway",
                **IN_MESH,
                Spec={"Listeners": [{"PortMapping": {"Port": 80, "Protocol": "http"}}]},
            ),
        },
    ),
    Case(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        {
            **TARGET,
            "MinCapacity": 1,
            "MaxCapacity": 2,
            "RoleARN": ROLE,
            "ScheduledActions": [
                {
                    "ScheduledActionName": "night",
                    "Schedule": "cron(0 22 * * ? *)",
                    "ScalableTargetAction": {"MaxCapacity": 1},
                }
            ],
        },
        {"Ref": r"service/.*\|ecs:service:DesiredCount\|ecs"},
        {
            "MaxCapacity": 3,
            "ScheduledActions": [
                {
                    "ScheduledActionName": "day",
                    "Schedule": "cron(0 8 * * ? *)",
                    "ScalableTargetAction": {"MinCapacity": 2},
                }
            ],
        },
        SCALED,
    ),
    Case(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": "cpu",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": ref("Target"),
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 50,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        },
        {"Ref": "arn:aws:autoscaling:.*", "Arn": "arn:aws:autoscaling:.*"},
        {
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 60,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            }
        },
        {
            **SCALED,
            "Target": resource(
                "ApplicationAutoScaling::ScalableTarget", **TARGET, MinCapacity=1, MaxCapacity=2, RoleARN=ROLE
            ),
        },
    ),
    Case(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": "example.com",
            "SubjectAlternativeNames": ["www.example.com"],
            "CertificateAuthorityArn": att("Active", "CertificateAuthorityArn"),
            "CertificateTransparencyLoggingPreference": "ENABLED",
        },
        {"Ref": "arn:aws:acm:.*:certificate/.*"},
        {"Tags": tags(a="1")},
        {
            **ROOT,
            "Active": resource(
                "ACMPCA::CertificateAuthorityActivation",
                CertificateAuthorityArn=ref("Authority"),
                Certificate=att("Certificate", "Certificate"),
            ),
        },
    ),
    Case(
        "AWS::ACMPCA::CertificateAuthority",
        {**AUTHORITY["Authority"]["Properties"], "Tags": tags(a="1")},
        {"Ref": "arn:aws:acm-pca:.*:certificate-authority/.*", "CertificateSigningRequest": "-----BEGIN CERT"},
        {"Tags": tags(a="2")},
    ),
    Case(
        "AWS::ACMPCA::Certificate",
        ROOT["Certificate"]["Properties"],
        {"Ref": "arn:aws:acm-pca:.*/certificate/.*", "Certificate": "-----BEGIN CERT", "Arn": "arn:.*"},
        others=AUTHORITY,
    ),
    Case(
        "AWS::ACMPCA::CertificateAuthorityActivation",
        {
            "CertificateAuthorityArn": ref("Authority"),
            "Certificate": att("Certificate", "Certificate"),
            "Status": "ACTIVE",
        },
        {"Ref": "arn:aws:acm-pca:.*", "CompleteCertificateChain": "-----BEGIN CERT"},
        {"Status": "DISABLED"},
        ROOT,
    ),
    Case(
        "AWS::ACMPCA::Permission",
        {
            "CertificateAuthorityArn": ref("Authority"),
            "Principal": "acm.amazonaws.com",
            "Actions": ["IssueCertificate", "GetCertificate", "ListPermissions"],
        },
        {"Ref": r"arn:.*\|acm.amazonaws.com"},
        others=AUTHORITY,
    ),
    Case(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/ECS",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Period": 60,
            "Statistic": "Average",
            "Threshold": 80,
        },
        {"Ref": ".*-It-.*", "Arn": ".*:alarm:.*"},
        {"Threshold": 90, "Tags": tags(a="1")},
    ),
    Case(
        "AWS::CloudWatch::CompositeAlarm",
        {"AlarmRule": {"Fn::Sub": "ALARM(${Alarm})"}, "Tags": tags(a="1")},
        {"Ref": ".*-It-.*", "Arn": ".*:alarm:.*"},
        {"AlarmRule": {"Fn::Sub": "OK(${Alarm})"}},
        {
            "Alarm": resource(
                "CloudWatch::Alarm",
                MetricName="CPUUtilization",
                Namespace="AWS/ECS",
                ComparisonOperator="GreaterThanThreshold",
                EvaluationPeriods=1,
                Period=60,
                Statistic="Average",
                Threshold=80,
            )
        },
    ),
    Case(
        "AWS::CloudWatch::Dashboard",
        {"DashboardBody": '{"widgets": []}'},
        {"Ref": ".*-It-.*"},
        {
            "DashboardBody": {
                "Fn::Sub": '{"widgets": [{"type": "text", "x": 0, "y": 0, "width": 1, "height": 1, '
                '"properties": {"markdown": "${AWS::StackName}"}}]}'
            }
        },
    ),
    Case(
        "AWS::EC2::VPC",
        {"CidrBlock": "10.78.0.0/16"},
        {"Ref": "vpc-.*", "DefaultSecurityGroup": "sg-.*", "DefaultNetworkAcl": "acl-.*", "CidrBlock": "10.78.0.0/16"},
        {"EnableDnsHostnames": True, "Tags": tags(a="1")},
    ),
    Case(
        "AWS::EC2::Subnet",
        {"VpcId": ref("Vpc"), "CidrBlock": "10.77.3.0/24"},
        {"Ref": "subnet-.*", "AvailabilityZone": "us-east-1.", "VpcId": "vpc-.*"},
        {"MapPublicIpOnLaunch": True},
        VPC,
    ),
    Case(
        "AWS::EC2::VPCCidrBlock",
        {"VpcId": ref("Vpc"), "AmazonProvidedIpv6CidrBlock": True},
        {"Ref": "vpc-cidr-assoc-.*", "Id": "vpc-cidr-assoc-.*"},
        others=VPC,
    ),
    Case(
        "AWS::EC2::SubnetCidrBlock",
        {
            "SubnetId": ref("Subnet"),
            "Ipv6CidrBlock": {"Fn::Select": [0, {"Fn::Cidr": [att("Range", "Ipv6CidrBlock"), 1, 64]}]},
        },
        {"Ref": "subnet-cidr-assoc-.*"},
        others={
            **NETWORK,
            "Range": resource("EC2::VPCCidrBlock", VpcId=ref("Vpc"), AmazonProvidedIpv6CidrBlock=True),
        },
    ),
    Case(
        "AWS::EC2::VPCPeeringConnection",
        {"VpcId": ref("Vpc"), "PeerVpcId": ref("Peer")},
        {"Ref": "pcx-.*", "Id": "pcx-.*"},
        {"Tags": tags(a="1")},
        {**VPC, "Peer": resource("EC2::VPC", CidrBlock="10.80.0.0/16")},
    ),
    Case("AWS::EC2::InternetGateway", {}, {"Ref": "igw-.*", "InternetGatewayId": "igw-.*"}, {"Tags": tags(a="1")}),
    Case(
        "AWS::EC2::VPCGatewayAttachment",
        {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Gateway")},
        {"Ref": r"IGW\|vpc-.*"},
        others={**VPC, "Gateway": resource("EC2::InternetGateway")},
    ),
    Case(
        "AWS::EC2::EIP",
        {"Domain": "vpc"},
        {"Ref": r"[\d.]+", "AllocationId": "eipalloc-.*", "PublicIp": r"[\d.]+"},
        {"Tags": tags(a="1")},
    ),
    Case(
        "AWS::EC2::NatGateway",
        {"SubnetId": ref("Subnet"), "AllocationId": att("Address", "AllocationId")},
        {"Ref": "nat-.*", "NatGatewayId": "nat-.*"},
        {"Tags": tags(a="1")},
        {
            **NETWORK,
            "Gateway": resource("EC2::InternetGateway"),
            "Attachment": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
            "Address": {**resource("EC2::EIP", Domain="vpc"), "DependsOn": "Attachment"},
        },
    ),
    Case(
        "AWS::EC2::RouteTable",
        {"VpcId": ref("Vpc")},
        {"Ref": "rtb-.*", "RouteTableId": "rtb-.*"},
        {"Tags": tags(a="1")},
        VPC,
    ),
    Case(
        "AWS::EC2::Route",
        {"RouteTableId": ref("Table"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("Gateway")},
        {"Ref": r"rtb-.*\|0.0.0.0/0", "CidrBlock": "0.0.0.0/0"},
        others={
            **VPC,
            "Table": resource("EC2::RouteTable", VpcId=ref("Vpc")),
            "Gateway": resource("EC2::InternetGateway"),
            "Attachment": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
        },
        depends_on="Attachment",
    ),
    Case(
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref("Subnet"), "RouteTableId": ref("Table")},
        {"Ref": "rtbassoc-.*"},
        {"SubnetId": ref("Subnet2")},
        {**NETWORK, "Table": resource("EC2::RouteTable", VpcId=ref("Vpc"))},
        replaced=True,
    ),
    Case(
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": "callers",
            "VpcId": ref("Vpc"),
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}],
        },
        {"Ref": "sg-.*", "GroupId": "sg-.*", "VpcId": "vpc-.*"},
        {"SecurityGroupIngress": [], "Tags": tags(a="1")},
        VPC,
    ),
    *(
        Case(
            f"AWS::EC2::SecurityGroup{direction}",
            {"GroupId": ref("Group"), "IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "CidrIp": "10.0.0.0/8"},
            {"Ref": "sgr-.*"},
            {"ToPort": 82},
            {**VPC, "Group": resource("EC2::SecurityGroup", GroupDescription="callers", VpcId=ref("Vpc"))},
            replaced=True,
        )
        for direction in ("Ingress", "Egress")
    ),
    Case(
        "AWS::ECR::Repository",
        {"EmptyOnDelete": True, "ImageTagMutability": "IMMUTABLE"},
        {"Ref": ".*-it-.*", "Arn": ".*:repository/.*", "RepositoryUri": ".*/.*"},
        {
            "ImageTagMutability": "MUTABLE",
            "LifecyclePolicy": {
                "LifecyclePolicyText": '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", '
                '"countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}]}'
            },
        },
    ),
    Case(
        "AWS::ECS::Cluster",
        {"ServiceConnectDefaults": {"Namespace": att("Namespace", "Arn")}},
        {"Ref": ".*-It-.*", "Arn": ".*:cluster/.*"},
        {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]},
        NAMESPACE,
    ),
    Case(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        {
            "Cluster": ref("Cluster"),
            "CapacityProviders": ["FARGATE"],
            "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}],
        },
        {"Ref": ".*-Cluster-.*"},
        {"CapacityProviders": ["FARGATE", "FARGATE_SPOT"]},
        CLUSTER,
    ),
    Case(
        "AWS::ECS::CapacityProvider",
        {
            "Name": "hosts",
            "AutoScalingGroupProvider": {
                "AutoScalingGroupArn": "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:"
                "a1b2c3d4-1111-2222-3333-444455556666:autoScalingGroupName/hosts"
            },
        },
        {"Ref": "hosts", "Arn": ".*:capacity-provider/hosts"},
        {"Tags": tags(a="1")},
    ),
    Case(
        "AWS::ECS::TaskDefinition",
        {"ContainerDefinitions": [{**CONTAINER, "Memory": 64}]},
        {"Ref": ".*:task-definition/.*It.*:1", "TaskDefinitionArn": ".*:1"},
        {"Cpu": 128},
        replaced=True,
    ),
    Case(
        "AWS::ECS::Service",
        SCALED["Service"]["Properties"],
        {"Ref": ".*:service/.*", "Name": ".*-It-.*", "ServiceArn": ".*:service/.*"},
        {"DesiredCount": 1},
        {name: value for name, value in SCALED.items() if name != "Service"},
    ),
    Case(
        "AWS::ECS::TaskSet",
        {**TASK_SET, "Scale": {"Unit": "PERCENT", "Value": 0}},
        {"Ref": "ecs-svc/.*", "Id": "ecs-svc/.*"},
        {"Scale": {"Unit": "PERCENT", "Value": 50}},
        EXTERNAL,
    ),
    Case(
        "AWS::ECS::PrimaryTaskSet",
        {"Cluster": ref("Cluster"), "Service": ref("Service"), "TaskSetId": att("Blue", "Id")},
        {"Ref": r".*\|.*"},
        {"TaskSetId": att("Green", "Id")},
        {**EXTERNAL, "Blue": resource("ECS::TaskSet", **TASK_SET), "Green": resource("ECS::TaskSet", **TASK_SET)},
    ),
    Case(
        "AWS::ECS::DaemonTaskDefinition",
        {"ContainerDefinitions": [{**CONTAINER, "Memory": 64}]},
        {"Ref": ".*:daemon-task-definition/.*", "DaemonTaskDefinitionArn": ".*:1"},
        {"Tags": tags(a="1")},
    ),
    Case(
        "AWS::ECS::ExpressGatewayService",
        {
            "Cluster": ref("Cluster"),
            "InfrastructureRoleArn": ROLE,
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {"Image": "moyai.local/host", "ContainerPort": 8080},
        },
        {"Ref": ".*:service/.*", "ServiceArn": ".*:service/.*", "Endpoint": "https://.*"},
        {"HealthCheckPath": "/ready"},
        CLUSTER,
    ),
    Case(
        "AWS::ECS::Gateway",
        {
            "GatewayName": {"Ref": "AWS::StackName"},
            "InfrastructureRoleArn": ROLE,
            "Configuration": {"HostSharedAlb": {}},
            "DeletionProtection": False,
        },
        {"Ref": ".*:gateway/.*", "Arn": ".*:gateway/.*", "Status": "ACTIVE"},
        {"Tags": tags(a="1")},
    ),
    Case(
        "AWS::ECS::GatewayClusterAssociations",
        {"Gateway": ref("Gateway"), "Cluster": ref("Cluster")},
        {"Ref": r"arn:.*\|.*", "GatewayArn": "arn:.*:gateway/.*"},
        others={
            **CLUSTER,
            "Gateway": resource(
                "ECS::Gateway",
                GatewayName={"Ref": "AWS::StackName"},
                InfrastructureRoleArn=ROLE,
                Configuration={"HostSharedAlb": {}},
                DeletionProtection=False,
            ),
        },
    ),
    Case(
        "AWS::EFS::FileSystem",
        {"FileSystemTags": tags(a="1"), "FileSystemProtection": {"ReplicationOverwriteProtection": "ENABLED"}},
        {"Ref": "fs-.*", "Arn": ".*:file-system/fs-.*", "FileSystemId": "fs-.*"},
        {
            "FileSystemTags": tags(b="1"),
            "ThroughputMode": "elastic",
            "LifecyclePolicies": [{"TransitionToIA": "AFTER_7_DAYS"}],
        },
    ),
    Case(
        "AWS::EFS::MountTarget",
        {
            "FileSystemId": ref("Files"),
            "SubnetId": ref("Subnet"),
            "SecurityGroups": [att("Vpc", "DefaultSecurityGroup")],
        },
        {"Ref": "fsmt-.*", "IpAddress": r"10\.77\..*"},
        others={**FILE_SYSTEM, **NETWORK},
    ),
    Case(
        "AWS::EFS::AccessPoint",
        {"FileSystemId": ref("Files"), "AccessPointTags": tags(a="1")},
        {"Ref": "fsap-.*", "Arn": ".*:access-point/fsap-.*"},
        {"AccessPointTags": tags(b="1")},
        FILE_SYSTEM,
    ),
    Case(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {"Subnets": [ref("Subnet"), ref("Subnet2")], "Scheme": "internal"},
        {
            "Ref": ".*:loadbalancer/app/.*",
            "DNSName": "internal-.*",
            "LoadBalancerFullName": "app/.*",
            "LoadBalancerName": ".*-It-.*",
            "CanonicalHostedZoneID": "Z.*",
        },
        {"LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "61"}], "Tags": tags(a="1")},
        NETWORK,
    ),
    Case(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            **BALANCER["Targets"]["Properties"],
            "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}],
            "Targets": [{"Id": "10.77.1.9", "Port": 80}],
        },
        {"Ref": ".*:targetgroup/.*", "TargetGroupFullName": "targetgroup/.*", "TargetGroupName": ".*-It-.*"},
        {"HealthCheckPath": "/ready", "Targets": []},
        NETWORK,
    ),
    Case(
        "AWS::ElasticLoadBalancingV2::Listener",
        LISTENER["Listener"]["Properties"],
        {"Ref": ".*:listener/app/.*", "ListenerArn": ".*:listener/app/.*"},
        {"Port": 81},
        BALANCER,
    ),
    Case(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        {
            "ListenerArn": ref("Listener"),
            "Priority": 5,
            "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}],
            "Actions": FORWARD,
        },
        {"Ref": ".*:listener-rule/app/.*", "RuleArn": ".*:listener-rule/app/.*"},
        {"Priority": 6},
        LISTENER,
    ),
    Case(
        "AWS::Logs::LogGroup",
        {"RetentionInDays": 7, "Tags": tags(a="1")},
        {"Ref": ".*-It-.*", "Arn": r".*:log-group:.*:\*"},
        {"RetentionInDays": 14, "DeletionProtectionEnabled": False},
    ),
    Case("AWS::Logs::LogStream", {"LogGroupName": ref("Group")}, {"Ref": ".*-It-.*"}, others=GROUP),
    Case(
        "AWS::RAM::ResourceShare",
        {
            "Name": {"Ref": "AWS::StackName"},
            "AllowExternalPrincipals": True,
            "Principals": ["210987654321"],
            "ResourceArns": [ref("Mesh")],
        },
        {"Ref": ".*:resource-share/.*", "Arn": ".*:resource-share/.*", "Status": "ACTIVE"},
        {"Principals": ["210987654322"], "Tags": tags(a="1")},
        MESH,
    ),
    Case(
        "AWS::SSM::Parameter",
        {"Type": "String", "Value": "a", "Tags": {"a": "1"}},
        {"Ref": ".*-It-.*", "Value": "a", "Type": "String"},
        {"Value": "b", "Tags": {"b": "1"}},
    ),
    Case(
        "AWS::SecretsManager::Secret",
        {
            "GenerateSecretString": {
                "SecretStringTemplate": '{"username": "admin"}',
                "GenerateStringKey": "password",
                "PasswordLength": 20,
                "ExcludePunctuation": True,
            }
        },
        {"Ref": ".*:secret:.*", "Id": ".*:secret:.*"},
        {"Description": "of the database"},
    ),
    *(
        Case(
            f"AWS::ServiceDiscovery::{kind}Namespace",
            {"Name": {"Fn::Sub": "${AWS::StackName}.example"}, **more},
            {"Ref": "ns-.*", "Arn": ".*:namespace/ns-.*"},
            {"Description": "changed", "Tags": tags(a="1")},
            VPC,
        )
        for kind, more in (("Http", {}), ("PrivateDns", {"Vpc": ref("Vpc")}), ("PublicDns", {}))
    ),
    Case(
        "AWS::ServiceDiscovery::Service",
        {"NamespaceId": ref("Namespace")},
        {"Ref": "srv-.*", "Id": "srv-.*", "Arn": ".*:service/srv-.*", "Name": ".*-It-.*"},
        {"Description": "changed"},
        NAMESPACE,
    ),
    Case(
        "AWS::ServiceDiscovery::Instance",
        {"ServiceId": ref("Service"), "InstanceAttributes": {"AWS_INSTANCE_IPV4": "10.0.0.9"}},
        {"Ref": ".*-It-.*"},
        {"InstanceAttributes": {"AWS_INSTANCE_IPV4": "10.0.0.8"}},
        {**NAMESPACE, "Service": resource("ServiceDiscovery::Service", NamespaceId=ref("Namespace"))},
    ),
    Case(
        "AWS::Route53::HostedZone",
        {"Name": ZONE_NAME, "VPCs": [{"VPCId": ref("Vpc"), "VPCRegion": ref("AWS::Region")}]},
        {"Ref": "Z[A-Z0-9]{20}$", "Id": "Z.*"},
        {"HostedZoneConfig": {"Comment": "changed"}, "HostedZoneTags": tags(a="1")},
        VPC,
    ),
    Case(
        "AWS::Route53::RecordSet",
        {"HostedZoneId": ref("Zone"), "Name": WEB_NAME, "Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"]},
        {"Ref": r"web\.of-.*\.test$"},
        {"Type": "AAAA", "ResourceRecords": ["fd00::1"]},
        ZONE,
    ),
    Case(
        "AWS::Route53::RecordSetGroup",
        {
            "HostedZoneName": ZONE_NAME,
            "RecordSets": [{"Name": WEB_NAME, "Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"]}],
        },
        {"Ref": ".*-It-.*"},
        {"RecordSets": [{"Name": ZONE_NAME, "Type": "TXT", "TTL": 5, "ResourceRecords": ['"changed"']}]},
        ZONE,
        depends_on="Zone",
    ),
    Case("AWS::CDK::Metadata", {"Analytics": "v2:deflate64:x"}, {"Ref": ".*-It-.*"}),
    Case("AWS::CloudFormation::WaitConditionHandle", {}, {"Ref": ".*"}),
)
UNTESTED: Final = {
    "AWS::CloudFormation::Stack": "needs its template in S3",
    "AWS::ECS::Daemon": "needs a capacity provider's instances, which tests/e2e/test_managed_daemons.py has",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": "needs a certificate that is in use",
}
