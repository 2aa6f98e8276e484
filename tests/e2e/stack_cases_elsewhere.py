"""The cases of resource types whose services another server answers. See stack_cases."""

from __future__ import annotations

from typing import Final

from tests.e2e.stack_cases import Case, att, ref, resource, tags

TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
DENY: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}],
}
IAM_ROLE: Final = {"Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST)}
KEY: Final = {"Key": resource("KMS::Key", Description="of the test")}
FUNCTION: Final = {
    "Runtime": "python3.12",
    "Handler": "index.handler",
    "Role": att("Role", "Arn"),
    "Code": {"ZipFile": "def handler(event, context):\n    return event\n"},
}
OTHER_SERVICES: Final = (
    Case(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": TRUST,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"],
            "Policies": [{"PolicyName": "read", "PolicyDocument": ALLOW}],
        },
        {"Ref": ".*-It-.*", "Arn": r"arn:aws:iam::\d{12}:role/.*-It-.*", "RoleId": "AROA.*"},
        {
            "Description": "changed",
            "ManagedPolicyArns": [],
            "Policies": [{"PolicyName": "read", "PolicyDocument": DENY}],
            "Tags": tags(a="1"),
        },
    ),
    Case(
        "AWS::IAM::Policy",
        {"PolicyName": "read", "PolicyDocument": ALLOW, "Roles": [ref("Role")]},
        {"Ref": ".*-It-.*", "Id": ".*-It-.*"},
        {"PolicyDocument": DENY},
        IAM_ROLE,
    ),
    Case(
        "AWS::IAM::RolePolicy",
        {"PolicyName": "read", "PolicyDocument": ALLOW, "RoleName": ref("Role")},
        {"Ref": r"read\|.*"},
        {"PolicyDocument": DENY},
        IAM_ROLE,
    ),
    Case(
        "AWS::IAM::UserPolicy",
        {"PolicyName": "read", "PolicyDocument": ALLOW, "UserName": ref("User")},
        {"Ref": r"read\|.*"},
        {"PolicyDocument": DENY},
        {"User": resource("IAM::User")},
    ),
    Case(
        "AWS::IAM::GroupPolicy",
        {"PolicyName": "read", "PolicyDocument": ALLOW, "GroupName": ref("Group")},
        {"Ref": r"read\|.*"},
        {"PolicyDocument": DENY},
        {"Group": resource("IAM::Group")},
    ),
    Case(
        "AWS::IAM::ManagedPolicy",
        {"PolicyDocument": ALLOW, "Roles": [ref("Role")]},
        {"Ref": r"arn:aws:iam::\d{12}:policy/.*", "PolicyArn": "arn:.*"},
        {"PolicyDocument": DENY, "Roles": []},
        IAM_ROLE,
    ),
    Case(
        "AWS::IAM::InstanceProfile",
        {"Roles": [ref("Role")]},
        {"Ref": ".*-It-.*", "Arn": ".*:instance-profile/.*"},
        others=IAM_ROLE,
    ),
    Case(
        "AWS::IAM::ServiceLinkedRole",
        {"AWSServiceName": "elasticbeanstalk.amazonaws.com"},
        {"Ref": "AWSServiceRoleFor.*"},
        {"Description": "changed"},
    ),
    Case(
        "AWS::IAM::User",
        {"Groups": [ref("Group")], "Policies": [{"PolicyName": "read", "PolicyDocument": ALLOW}]},
        {"Ref": ".*-It-.*", "Arn": ".*:user/.*"},
        {"Groups": [], "Tags": tags(a="1")},
        {"Group": resource("IAM::Group")},
    ),
    Case(
        "AWS::IAM::Group",
        {"Policies": [{"PolicyName": "read", "PolicyDocument": ALLOW}]},
        {"Ref": ".*-It-.*", "Arn": ".*:group/.*"},
        {"Policies": []},
    ),
    Case(
        "AWS::IAM::AccessKey",
        {"UserName": ref("User")},
        {"Ref": "AKIA.*", "SecretAccessKey": ".{20,}"},
        {"Status": "Inactive"},
        {"User": resource("IAM::User")},
    ),
    Case(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "old",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
            "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]},
            "WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "error.html"},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "Tags": tags(a="1"),
        },
        {
            "Ref": ".*-it-.*",
            "Arn": "arn:aws:s3:::.*-it-.*",
            "DomainName": r".*-it-.*\.s3\.amazonaws\.com",
            "RegionalDomainName": r".*-it-.*\.s3\.us-east-1\.amazonaws\.com",
            "WebsiteURL": "http://.*",
        },
        {
            "VersioningConfiguration": {"Status": "Suspended"},
            "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 9, "Prefix": "tmp/"}]},
            "Tags": tags(b="1"),
        },
    ),
    Case(
        "AWS::S3::BucketPolicy",
        {"Bucket": ref("Bucket"), "PolicyDocument": ALLOW},
        {"Ref": ".*-bucket-.*"},
        {"PolicyDocument": DENY},
        {"Bucket": resource("S3::Bucket")},
    ),
    Case(
        "AWS::KMS::Key",
        {"KeyPolicy": ALLOW, "EnableKeyRotation": True, "Tags": tags(a="1")},
        {"Ref": "[0-9a-f-]{36}", "Arn": "arn:aws:kms:.*:key/.*", "KeyId": "[0-9a-f-]{36}"},
        {"EnableKeyRotation": False, "Description": "changed", "PendingWindowInDays": 7, "Tags": tags(b="1")},
    ),
    Case(
        "AWS::KMS::Alias",
        {"AliasName": "alias/it", "TargetKeyId": ref("Key")},
        {"Ref": "alias/it"},
        {"TargetKeyId": ref("Key2")},
        {**KEY, "Key2": KEY["Key"]},
    ),
    Case(
        "AWS::SQS::Queue",
        {"VisibilityTimeout": 40, "RedrivePolicy": {"deadLetterTargetArn": att("Dead", "Arn"), "maxReceiveCount": 3}},
        {"Ref": "http.*/.*-It-.*", "Arn": "arn:aws:sqs:.*:.*-It-.*", "QueueName": ".*-It-.*"},
        {"VisibilityTimeout": 50, "Tags": tags(a="1")},
        {"Dead": resource("SQS::Queue")},
    ),
    Case(
        "AWS::SQS::QueuePolicy",
        {"Queues": [ref("Queue")], "PolicyDocument": ALLOW},
        {"Ref": ".*-It-.*"},
        {"PolicyDocument": DENY},
        {"Queue": resource("SQS::Queue")},
    ),
    Case(
        "AWS::SNS::Topic",
        {"DisplayName": "a", "FifoTopic": True},
        {"Ref": r"arn:aws:sns:.*-It-.*\.fifo", "TopicArn": "arn:.*", "TopicName": r".*-It-.*\.fifo"},
        {"DisplayName": "b", "Tags": tags(a="1")},
    ),
    Case(
        "AWS::SNS::Subscription",
        {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": att("Queue", "Arn"), "RawMessageDelivery": True},
        {"Ref": "arn:aws:sns:.*"},
        {"FilterPolicy": {"kind": ["a"]}},
        {"Topic": resource("SNS::Topic"), "Queue": resource("SQS::Queue")},
    ),
    Case(
        "AWS::SNS::TopicPolicy",
        {"Topics": [ref("Topic")], "PolicyDocument": ALLOW},
        {"Ref": ".*-It-.*"},
        {"PolicyDocument": DENY},
        {"Topic": resource("SNS::Topic")},
    ),
    Case(
        "AWS::DynamoDB::GlobalTable",
        {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "Replicas": [{"Region": ref("AWS::Region"), "Tags": tags(a="1")}],
        },
        {"Ref": ".*-It-.*", "Arn": ".*:table/.*"},
        {"Replicas": [{"Region": ref("AWS::Region"), "Tags": tags(a="2"), "DeletionProtectionEnabled": False}]},
    ),
    Case(
        "AWS::DynamoDB::Table",
        {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
            "SSESpecification": {"SSEEnabled": True},
        },
        {"Ref": ".*-It-.*", "Arn": ".*:table/.*", "StreamArn": ".*/stream/.*"},
        {
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "owner", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "owners",
                    "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "Tags": tags(a="1"),
        },
    ),
    Case(
        "AWS::Lambda::Function",
        FUNCTION,
        {"Ref": ".*-It-.*", "Arn": "arn:aws:lambda:.*:function:.*"},
        {"Timeout": 9, "Code": {"ZipFile": "def handler(event, context):\n    return 2\n"}, "Tags": tags(a="1")},
        IAM_ROLE,
    ),
    Case(
        "AWS::Lambda::Permission",
        {"FunctionName": ref("Function"), "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"},
        {"Ref": ".*-It-.*", "Id": ".*-It-.*"},
        others={**IAM_ROLE, "Function": resource("Lambda::Function", **FUNCTION)},
    ),
    Case(
        "AWS::Lambda::EventSourceMapping",
        {"FunctionName": ref("Function"), "EventSourceArn": att("Queue", "Arn"), "BatchSize": 5},
        {"Ref": "[0-9a-f-]{36}", "Id": "[0-9a-f-]{36}"},
        {"BatchSize": 6},
        {**IAM_ROLE, "Function": resource("Lambda::Function", **FUNCTION), "Queue": resource("SQS::Queue")},
    ),
    Case(
        "AWS::Events::Rule",
        {
            "EventPattern": {"source": ["aws.ecs"]},
            "Targets": [{"Id": "queue", "Arn": att("Queue", "Arn")}],
        },
        {"Ref": ".*-It-.*", "Arn": "arn:aws:events:.*:rule/.*", "RuleName": ".*-It-.*"},
        {"State": "DISABLED", "Targets": [{"Id": "queue", "Arn": att("Queue", "Arn"), "InputPath": "$.detail"}]},
        {"Queue": resource("SQS::Queue")},
    ),
    Case(
        "AWS::Events::EventBus",
        {"Name": "shop", "Description": "events", "Tags": [{"Key": "a", "Value": "b"}]},
        {"Ref": "shop", "Name": "shop", "Arn": "arn:aws:events:.*:event-bus/shop"},
        {"Description": "other events", "Tags": [{"Key": "a", "Value": "c"}]},
    ),
)
"""The types of services that another server answers."""
