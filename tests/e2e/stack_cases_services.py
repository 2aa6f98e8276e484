"""The cases of resource types from ECR on, by their names. See stack_cases."""

from __future__ import annotations

from typing import Final

from tests.e2e.stack_cases import (
    BALANCER,
    CLUSTER,
    CONTAINER,
    EXTERNAL,
    FILE_SYSTEM,
    FORWARD,
    GROUP,
    LISTENER,
    MESH,
    NAMESPACE,
    NETWORK,
    ROLE,
    SCALED,
    TASK_SET,
    VPC,
    WEB_NAME,
    ZONE,
    ZONE_NAME,
    Case,
    att,
    ref,
    resource,
    tags,
)

SERVICE_CASES: Final = (
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
    Case(
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": ref("Group"),
            "FilterPattern": '{ $.status = "*" }',
            "MetricTransformations": [
                {
                    "MetricNamespace": "Shop",
                    "MetricName": "answers",
                    "MetricValue": "1",
                    "Dimensions": [{"Key": "status", "Value": "$.status"}],
                }
            ],
        },
        {"Ref": ".*-It-.*"},
        {"MetricTransformations": [{"MetricNamespace": "Shop", "MetricName": "all", "MetricValue": "2"}]},
        GROUP,
    ),
    Case(
        "AWS::Logs::SubscriptionFilter",
        {
            "LogGroupName": ref("Group"),
            "FilterPattern": "ERROR",
            "DestinationArn": {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:sink"},
        },
        {"Ref": ".*-It-.*"},
        {"FilterPattern": ""},
        GROUP,
    ),
    Case(
        "AWS::Logs::ResourcePolicy",
        {"PolicyName": "delivery", "PolicyDocument": '{"Version": "2012-10-17", "Statement": []}'},
        {"Ref": "delivery"},
        {"PolicyDocument": '{"Version": "2012-10-17", "Id": "changed", "Statement": []}'},
    ),
    Case(
        "AWS::Logs::QueryDefinition",
        {"Name": "errors", "QueryString": "fields @message", "LogGroupNames": [ref("Group")]},
        {"Ref": "[0-9a-f-]{36}", "QueryDefinitionId": "[0-9a-f-]{36}"},
        {"QueryString": "fields @timestamp"},
        GROUP,
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
    Case(
        "AWS::SecretsManager::RotationSchedule",
        {
            "SecretId": ref("Secret"),
            "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate",
            "RotationRules": {"ScheduleExpression": "rate(10 days)", "Duration": "3h"},
            "RotateImmediatelyOnUpdate": False,
        },
        {"Ref": ".*:secret:.*", "Id": ".*:secret:.*"},
        {"RotationRules": {"AutomaticallyAfterDays": "30"}},
        {"Secret": resource("SecretsManager::Secret", SecretString="a")},
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
    Case(
        "AWS::Scheduler::Schedule",
        {
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ScheduleExpression": "rate(1 day)",
            "GroupName": ref("Group"),
            "Target": {
                "Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
                "RoleArn": ROLE,
                "EcsParameters": {"TaskDefinitionArn": "report"},
            },
        },
        {"Ref": ".*-It-.*", "Arn": "arn:aws:scheduler:.*"},
        {"ScheduleExpression": "rate(2 days)"},
        {"Group": resource("Scheduler::ScheduleGroup")},
    ),
    Case(
        "AWS::Scheduler::ScheduleGroup", {}, {"Ref": ".*-It-.*", "Arn": "arn:aws:scheduler:.*"}, {"Tags": tags(a="1")}
    ),
    Case("AWS::CDK::Metadata", {"Analytics": "v2:deflate64:x"}, {"Ref": ".*-It-.*"}),
    Case("AWS::CloudFormation::WaitConditionHandle", {}, {"Ref": ".*"}),
)
UNTESTED: Final = {
    "AWS::CloudFormation::CustomResource": "tests/sim/test_custom_resources.py answers for functions",
    "AWS::CloudFormation::Stack": "tests/sim/test_stacks.py nests stacks",
    "AWS::CloudFormation::WaitCondition": "waits for a signal",
    "AWS::ECS::Daemon": "needs a capacity provider's instances, which tests/e2e/test_managed_daemons.py has",
    "AWS::ElastiCache::SubnetGroup": "moto can't delete one",
    "AWS::Lambda::LayerVersion": "needs an archive in S3",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": "needs a certificate that is in use",
}
