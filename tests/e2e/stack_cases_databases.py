"""The cases of resource types of databases, caches and their secrets, and of groups of instances. See stack_cases."""

from __future__ import annotations

from typing import Final

from tests.e2e.stack_cases import NETWORK, Case, att, ref, resource, tags
from tests.e2e.stack_cases_elsewhere import ALLOW, FUNCTION, IAM_ROLE

SUBNETS: Final = [ref("Subnet"), ref("Subnet2")]
DB_SUBNETS: Final = {
    "DbSubnets": resource("RDS::DBSubnetGroup", DBSubnetGroupDescription="of the shop", SubnetIds=SUBNETS)
}
CREDENTIALS: Final = {"MasterUsername": "admin", "MasterUserPassword": "a-long-password"}
INSTANCE: Final = {
    "DBInstanceClass": "db.t4g.micro",
    "Engine": "postgres",
    "AllocatedStorage": "20",
    "DBName": "shop",
    "DBSubnetGroupName": ref("DbSubnets"),
    **CREDENTIALS,
}
IN_FUNCTION: Final = {**IAM_ROLE, "Function": resource("Lambda::Function", **FUNCTION)}
CONFIGURATION: Final = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
STARTS: Final = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed", "Comment": "${what}"}}}'
HOSTS: Final = {
    **NETWORK,
    "Template": resource("EC2::LaunchTemplate", LaunchTemplateData=CONFIGURATION),
    "Hosts": resource(
        "AutoScaling::AutoScalingGroup",
        MinSize="1",
        MaxSize="1",
        VPCZoneIdentifier=[ref("Subnet")],
        LaunchTemplate={"LaunchTemplateId": ref("Template"), "Version": att("Template", "LatestVersionNumber")},
    ),
}
DATABASE_CASES: Final = (
    Case(
        "AWS::RDS::DBSubnetGroup",
        DB_SUBNETS["DbSubnets"]["Properties"],
        {"Ref": ".*-it-.*", "DBSubnetGroupArn": ".*:subgrp:.*"},
        {"DBSubnetGroupDescription": "changed", "Tags": tags(a="1")},
        NETWORK,
    ),
    Case(
        "AWS::RDS::DBParameterGroup",
        {"Family": "postgres17", "Description": "of the shop", "Parameters": {"log_statement": "all"}},
        {"Ref": ".*-it-.*", "DBParameterGroupArn": ".*:pg:.*"},
        {"Parameters": {"log_statement": "none"}, "Tags": tags(a="1")},
    ),
    Case(
        "AWS::RDS::DBClusterParameterGroup",
        {"Family": "aurora-postgresql16", "Description": "of the shop", "Parameters": {"timezone": "UTC"}},
        {"Ref": ".*-it-.*"},
        {"Parameters": {"timezone": "Asia/Tokyo"}},
    ),
    Case(
        "AWS::RDS::DBInstance",
        INSTANCE,
        {
            "Ref": ".*-it-.*",
            "DBInstanceArn": ".*:db:.*",
            "Endpoint.Address": r".*\.rds\.amazonaws\.com",
            "Endpoint.Port": "5432",
        },
        {"AllocatedStorage": "30", "EnableCloudwatchLogsExports": ["postgresql"], "Tags": tags(a="1")},
        {**NETWORK, **DB_SUBNETS},
    ),
    Case(
        "AWS::RDS::DBCluster",
        {"Engine": "aurora-postgresql", "DatabaseName": "shop", **CREDENTIALS},
        {"Ref": ".*-it-.*", "Endpoint.Address": ".*-it-.*", "Endpoint.Port": r"\d+", "DBClusterArn": ".*:cluster:.*"},
        {"BackupRetentionPeriod": 3, "Tags": tags(a="1")},
    ),
    Case(
        "AWS::ElastiCache::CacheCluster",
        {"Engine": "redis", "CacheNodeType": "cache.t4g.micro", "NumCacheNodes": "1"},
        {
            "Ref": ".*-it-.*",
            "RedisEndpoint.Address": r".*-it-.*\.0001\.use1\.cache\.amazonaws\.com",
            "RedisEndpoint.Port": "6379",
        },
    ),
    Case(
        "AWS::ElastiCache::ReplicationGroup",
        {
            "ReplicationGroupDescription": "of the shop",
            "Engine": "redis",
            "CacheNodeType": "cache.t4g.micro",
            "NumNodeGroups": 1,
            "ReplicasPerNodeGroup": 1,
            "AutomaticFailoverEnabled": True,
        },
        {"Ref": ".*-it-.*", "PrimaryEndPoint.Address": ".+", "PrimaryEndPoint.Port": "6379"},
        {"ReplicationGroupDescription": "changed"},
    ),
    Case(
        "AWS::SecretsManager::ResourcePolicy",
        {"SecretId": ref("Secret"), "ResourcePolicy": ALLOW},
        {"Ref": ".*:secret:.*", "Id": ".*:secret:.*"},
        {"ResourcePolicy": {**ALLOW, "Id": "changed"}},
        {"Secret": resource("SecretsManager::Secret", SecretString="{}")},
    ),
    Case(
        "AWS::SecretsManager::SecretTargetAttachment",
        {"SecretId": ref("Secret"), "TargetType": "AWS::RDS::DBInstance", "TargetId": ref("Database")},
        {"Ref": ".*:secret:.*", "Id": ".*:secret:.*"},
        {"TargetId": ref("Database2")},
        {
            **NETWORK,
            **DB_SUBNETS,
            "Secret": resource("SecretsManager::Secret", SecretString='{"username": "admin"}'),
            "Database": resource("RDS::DBInstance", **INSTANCE),
            "Database2": resource("RDS::DBInstance", **INSTANCE),
        },
    ),
    Case("AWS::AutoScaling::LaunchConfiguration", CONFIGURATION, {"Ref": ".*-It-.*"}),
    Case(
        "AWS::AutoScaling::AutoScalingGroup",
        {
            "MinSize": "0",
            "MaxSize": 2,
            "LaunchConfigurationName": ref("Configuration"),
            "VPCZoneIdentifier": [ref("Subnet"), ref("Subnet2")],
            "Tags": [{"Key": "a", "Value": "1", "PropagateAtLaunch": True}],
            "TargetGroupARNs": [ref("Targets")],
        },
        {"Ref": ".*-It-.*", "AutoScalingGroupARN": "arn:aws:autoscaling:.*"},
        {
            "MaxSize": 3,
            "Tags": [{"Key": "b", "Value": "1", "PropagateAtLaunch": False}],
            "TargetGroupARNs": [ref("Targets2")],
        },
        {
            **NETWORK,
            "Configuration": resource("AutoScaling::LaunchConfiguration", **CONFIGURATION),
            **{
                name: resource("ElasticLoadBalancingV2::TargetGroup", VpcId=ref("Vpc"), Port=80, Protocol="HTTP")
                for name in ("Targets", "Targets2")
            },
        },
    ),
    Case(
        "AWS::AutoScaling::LifecycleHook",
        {
            "AutoScalingGroupName": ref("Hosts"),
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "HeartbeatTimeout": "300",
        },
        {"Ref": ".*-It-.*"},
        {"DefaultResult": "CONTINUE"},
        HOSTS,
    ),
    Case(
        "AWS::AutoScaling::ScalingPolicy",
        {
            "AutoScalingGroupName": ref("Hosts"),
            "AdjustmentType": "ChangeInCapacity",
            "ScalingAdjustment": 1,
            "Cooldown": "60",
        },
        {"Ref": "arn:aws:autoscaling:.*:policyName/.*-It-.*", "PolicyName": ".*-It-.*"},
        {"ScalingAdjustment": 2},
        HOSTS,
    ),
    Case(
        "AWS::AutoScaling::ScheduledAction",
        {"AutoScalingGroupName": ref("Hosts"), "DesiredCapacity": 0, "Recurrence": "0 22 * * *"},
        {"Ref": ".*-It-.*", "ScheduledActionName": ".*-It-.*"},
        {"Recurrence": "0 23 * * *"},
        HOSTS,
    ),
    Case(
        "AWS::Lambda::Version",
        {"FunctionName": ref("Function")},
        {"Ref": r"arn:aws:lambda:.*:function:.*:1", "Version": "1", "FunctionArn": ".*:1"},
        others=IN_FUNCTION,
    ),
    Case(
        "AWS::Lambda::Alias",
        {"FunctionName": ref("Function"), "FunctionVersion": att("Version", "Version"), "Name": "live"},
        {"Ref": r"arn:aws:lambda:.*:function:.*:live", "AliasArn": ".*:live"},
        {"Description": "changed"},
        {**IN_FUNCTION, "Version": resource("Lambda::Version", FunctionName=ref("Function"))},
    ),
    Case(
        "AWS::Lambda::Url",
        {"TargetFunctionArn": att("Function", "Arn"), "AuthType": "NONE"},
        {"Ref": "arn:aws:lambda:.*", "FunctionUrl": "https://.*"},
        {"AuthType": "AWS_IAM"},
        IN_FUNCTION,
    ),
    Case(
        "AWS::StepFunctions::StateMachine",
        {"DefinitionString": STARTS, "DefinitionSubstitutions": {"what": "all"}, "RoleArn": att("Role", "Arn")},
        {"Ref": "arn:aws:states:.*:stateMachine:.*", "Arn": "arn:aws:states:.*", "Name": ".*-It-.*"},
        {"DefinitionSubstitutions": {"what": "some"}, "Tags": tags(a="1")},
        IAM_ROLE,
    ),
)
"""Beside Secrets Manager's, the types of services that another server answers."""
