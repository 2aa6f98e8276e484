"""Services that moyai does not implement, at its endpoint: boto3, and moto in a process that outlives a crash."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually
from tests.terraform_calls import TerraformCalls

ACCOUNT, OTHER = "111122223333", "444455556666"
BODY = bytes(range(256)) * 40_000
IAM: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("terraform_iam.yaml").read_text())
BUCKET, KEY = "shop-assets", "a b/ü+1.bin"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    mine = Installation(tmp_path_factory.mktemp("other") / "state", "--runtime", "sim", "--dns-port", "0")
    mine.up()
    yield mine
    assert mine.leave() == []


@pytest.mark.e2e
def test_service_linked_roles_have_their_names_and_are_there(installation):
    iam = installation.client("iam", key=OTHER)
    path = "aws-service-role/ecs.application-autoscaling.amazonaws.com"
    for name in ("AWSServiceRoleForECS", "AWSServiceRoleForApplicationAutoScaling_ECSService"):
        assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name
    assert f"role/{path}/{name}" in iam.get_role(RoleName=name)["Role"]["Arn"]
    with pytest.raises(ClientError, match="AWSServiceRoleForECS has been taken in this account") as taken:
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    assert taken.value.response["Error"]["Code"] == "InvalidInput"
    role = iam.create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForElasticLoadBalancing"
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="AWSServiceRoleForNothing")


@pytest.mark.e2e
def test_a_second_plan_reads_of_iam_what_the_first_apply_left(installation):
    calls = TerraformCalls(partial(installation.client, key=ACCOUNT))

    def answers(part):
        return [calls.call(*step) for resource in IAM.values() for step in resource[part]]

    answers("create")
    before = answers("read")
    assert before == answers("read")
    answers("update")
    assert before != answers("read") == answers("read")
    answers("delete")
    for resource in IAM.values():
        service, operation, parameters = resource["read"][0]
        assert calls.call(service, operation, parameters, error="NoSuchEntity") is None


@pytest.mark.e2e
def test_a_lifecycle_hook_has_what_it_was_given(installation):
    scaling = installation.client("autoscaling", key=OTHER)
    scaling.create_launch_configuration(
        LaunchConfigurationName="hosts", ImageId="ami-12345678", InstanceType="t3.small"
    )
    sizes = {"MinSize": 0, "MaxSize": 1, "AvailabilityZones": ["us-east-1a"]}
    scaling.create_auto_scaling_group(AutoScalingGroupName="hosts", LaunchConfigurationName="hosts", **sizes)
    hook = {"AutoScalingGroupName": "hosts", "LifecycleHookName": "end"}
    queue = {"NotificationTargetARN": f"arn:aws:sqs:us-east-1:{OTHER}:ends"}
    role = {"RoleARN": f"arn:aws:iam::{OTHER}:role/notifier"}
    scaling.put_lifecycle_hook(**hook, **queue, **role, LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
    [described] = scaling.describe_lifecycle_hooks(AutoScalingGroupName="hosts")["LifecycleHooks"]
    assert {**described, **hook, **queue, **role} == described


@pytest.mark.e2e
def test_applications_services_answer_at_the_same_endpoint(installation):
    s3 = installation.client("s3", key=ACCOUNT)
    s3.create_bucket(Bucket=BUCKET)
    digest = hashlib.sha256(BODY).hexdigest()
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY, ChecksumAlgorithm="SHA256", Metadata={"digest": digest})
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == BODY
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["ContentLength"] == len(BODY)
    assert s3.get_object(Bucket=BUCKET, Key=KEY, Range="bytes=250-260")["Body"].read() == BODY[250:261]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY})
    steered = urllib.request.Request(url, headers={"Authorization": "AWS a/b/us-east-1/iam/c"})  # noqa: S310
    with urllib.request.urlopen(steered) as response:  # noqa: S310 (our own URL)
        assert response.read() == BODY
    other = installation.client("s3", key=OTHER)
    assert other.list_buckets()["Buckets"] == []
    for use in (other.get_object, other.delete_object, partial(other.put_object, Body=b"x")):
        with pytest.raises(ClientError, match="AccessDenied"):
            use(Bucket=BUCKET, Key=KEY)
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["ContentLength"] == len(BODY)
    role = installation.client("iam", key=ACCOUNT).create_role(RoleName="app", AssumeRolePolicyDocument="{}")
    assert role["Role"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/app"
    sqs = installation.client("sqs", key=ACCOUNT, region="eu-north-1")
    queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert queue == f"{installation.url}/{ACCOUNT}/orders"
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"][0]["Body"] == "hello"
    assert "QueueUrls" not in installation.client("sqs", key=ACCOUNT).list_queues()
    table = {
        "TableName": "t",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    }
    dynamodb = installation.client("dynamodb", key=ACCOUNT)
    dynamodb.create_table(**table, AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    dynamodb.put_item(TableName="t", Item={"k": {"S": "1"}})
    assert dynamodb.get_item(TableName="t", Key={"k": {"S": "1"}})["Item"] == {"k": {"S": "1"}}


@pytest.mark.e2e
def test_a_bucket_that_denies_requests_without_tls_takes_objects(installation):
    s3 = installation.client("s3", key=ACCOUNT)
    s3.create_bucket(Bucket="tls-only")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::tls-only/*"}
    policy = {"Statement": [{**statement, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps(policy))
    s3.put_object(Bucket="tls-only", Key="a", Body=b"a")
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Statement": [statement]}))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="tls-only", Key="a", Body=b"a")


@pytest.mark.e2e
def test_other_services_outlive_the_control_plane(installation):
    s3 = installation.client("s3", key=ACCOUNT)
    s3.create_bucket(Bucket="kept-bucket")
    installation.kill()
    installation.up()
    assert "kept-bucket" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.mark.e2e
def test_a_service_that_the_server_lacks_is_refused_once_with_what_to_do(installation):
    with pytest.raises(ClientError, match="--delegate SERVICE=") as caught:
        installation.client("apprunner", key=ACCOUNT).list_services()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.e2e
def test_an_operation_that_the_server_lacks_is_refused(installation):
    with pytest.raises(ClientError) as caught:
        installation.client("service-quotas", key=ACCOUNT).list_services()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert "list_services" in caught.value.response["Error"]["Message"]


@pytest.mark.e2e
def test_a_database_is_in_the_subnets_of_moyai(installation):
    ec2, rds = installation.client("ec2", key=ACCOUNT), installation.client("rds", key=ACCOUNT)
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = rds.create_db_subnet_group(
        DBSubnetGroupName="db", DBSubnetGroupDescription="of the shop", SubnetIds=subnets
    )["DBSubnetGroup"]
    assert (group["VpcId"], {subnet["SubnetIdentifier"] for subnet in group["Subnets"]}) == (vpc, set(subnets))
    with pytest.raises(ClientError, match="subnet-0123"):
        rds.create_db_subnet_group(
            DBSubnetGroupName="db2", DBSubnetGroupDescription="of nobody", SubnetIds=["subnet-0123456789abcdef0"]
        )


@pytest.mark.e2e
@pytest.mark.root
def test_the_server_has_no_rights_and_no_network(installation):
    installation.client("s3", key=ACCOUNT).list_buckets()
    process = _server(installation)
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"20001"}
    assert {status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert [line.split(":")[0].strip() for line in (process / "net/dev").read_text().splitlines()[2:]] == ["lo"]
    assert (process / "net/route").read_text().splitlines()[1:] == []
    assert not (process / "root" / installation.state.relative_to("/")).exists()


def _server(installation: Installation) -> Path:
    """The process of the server, in /proc."""
    name = f"{installation.state}/run/delegate".encode()
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return next(path for path in processes if name in _command_line(path))


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


@pytest.mark.e2e
def test_requests_during_a_reset_are_answered_or_may_be_sent_again(installation):
    ended = threading.Event()
    answers: Counter[int] = Counter()

    def ask(operation: Callable[..., object], **members: object) -> None:
        while not ended.is_set():
            try:
                operation(**members)
                answers[200] += 1
            except ClientError as error:
                answers[error.response["ResponseMetadata"]["HTTPStatusCode"]] += 1

    sqs, iam = installation.client("sqs", key=ACCOUNT), installation.client("iam", key=ACCOUNT)
    threads = [
        threading.Thread(target=ask, args=(sqs.create_queue,), kwargs={"QueueName": "orders"}),
        threading.Thread(target=ask, args=(iam.list_roles,)),
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            more = answers[200] + 2
            eventually(partial(lambda count: answers[200] >= count, more), "requests are answered")
            installation.own("POST", "reset")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert answers.keys() <= {200, 503}, answers
