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
    place unless ``replaced``; ``moved``: in place, but under another physical id.
    """

    type: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, str]
    changed: Mapping[str, Any] = {}
    others: Resources = {}
    replaced: bool = False
    moved: bool = False
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

NETWORK_CASES: Final = (
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
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": "callers",
            "VpcId": ref("Vpc"),
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}],
            "SecurityGroupEgress": [{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIp": "10.0.0.0/8"}],
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
)
