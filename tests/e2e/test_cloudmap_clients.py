"""Cloud Map with the clients that people have: boto3, both AWS CLIs, the AWS SDK for JavaScript.

The second CLI and the JavaScript SDK are not on every machine; where they are missing, their tests are skipped:
`npm ci` in tests/e2e/javascript brings the SDK, Debian's package awscli the CLI, which is looked for on all of PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.installation import AWS, Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

JAVASCRIPT = Path(__file__).with_name("javascript")


def _second_cli() -> str | None:
    """AWS CLI version 2, if this machine has it."""
    for folder in os.get_exec_path():
        program = shutil.which("aws", path=folder)
        if program is not None and program != AWS:
            ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
            if ran.stdout.startswith("aws-cli/2"):
                return program
    return None


@pytest.fixture(params=["1", "2"])
def cli(request: pytest.FixtureRequest) -> str:
    program = AWS if request.param == "1" else _second_cli()
    if program is None:
        pytest.skip("AWS CLI version 2 isn't installed")
    return program


def test_boto3_registers_and_discovers_instances(simulation: Installation):
    cloudmap = simulation.client("servicediscovery")
    namespace = _wait_for_operation(cloudmap, cloudmap.create_http_namespace(Name="boto"))["NAMESPACE"]
    service = cloudmap.create_service(Name="db", NamespaceId=namespace)["Service"]["Id"]
    attributes = {"AWS_INSTANCE_IPV4": "172.31.0.99", "AWS_INSTANCE_PORT": "5432"}
    _wait_for_operation(
        cloudmap, cloudmap.register_instance(ServiceId=service, InstanceId="main", Attributes=attributes)
    )
    [instance] = cloudmap.discover_instances(NamespaceName="boto", ServiceName="db")["Instances"]
    assert (instance["InstanceId"], instance["Attributes"]) == ("main", attributes)
    with pytest.raises(cloudmap.exceptions.ResourceInUse):
        cloudmap.delete_service(Id=service)
    _wait_for_operation(cloudmap, cloudmap.deregister_instance(ServiceId=service, InstanceId="main"))
    cloudmap.delete_service(Id=service)
    _wait_for_operation(cloudmap, cloudmap.delete_namespace(Id=namespace))


def _wait_for_operation(cloudmap: Any, begun: dict[str, Any]) -> dict[str, str]:
    """An operation's targets, once it has succeeded."""

    def targets() -> Any:
        operation = cloudmap.get_operation(OperationId=begun["OperationId"])["Operation"]
        assert operation["Status"] != "FAIL", operation
        return operation["Targets"] if operation["Status"] == "SUCCESS" else None

    return dict(eventually(targets, "the operation succeeds"))


def test_the_aws_cli_follows_the_guides_steps(simulation: Installation, cli: str, tmp_path: Path):
    name = "first-cli" if cli == AWS else "second-cli"
    aws = _Aws(cli, simulation, tmp_path / "hosts")
    operation = aws("create-http-namespace", "--name", name)["OperationId"]
    namespace = eventually(
        lambda: aws("get-operation", "--operation-id", operation)["Operation"]["Targets"].get("NAMESPACE")
    )
    health = ("--health-check-custom-config", "FailureThreshold=1")
    service = aws("create-service", "--name", "db", "--namespace-id", namespace, *health)["Service"]["Id"]
    attributes = "AWS_INSTANCE_IPV4=172.31.0.99,AWS_INSTANCE_PORT=5432,role=primary"
    of_instance = ("--service-id", service, "--instance-id", "main")
    aws("register-instance", *of_instance, "--attributes", attributes)
    names = ("--namespace-name", name, "--service-name", "db")
    discover = ("discover-instances", *names, "--query-parameters", "role=primary")
    [instance] = eventually(lambda: aws(*discover)["Instances"], "it is found")
    assert instance["Attributes"] == dict(pair.split("=") for pair in attributes.split(","))
    aws("update-instance-custom-health-status", *of_instance, "--status", "UNHEALTHY")
    assert aws(*discover, "--health-status", "HEALTHY")["Instances"] == []
    aws("update-service-attributes", "--service-id", service, "--attributes", "moyai:client-port=5432")
    assert aws("list-instances", "--service-id", service)["Instances"][0]["Id"] == "main"


class _Aws:
    """`aws servicediscovery` where names below localhost resolve: DiscoverInstances asks ``data-<host>``."""

    def __init__(self, program: str, installation: Installation, hosts: Path) -> None:
        hosts.write_text("127.0.0.1 localhost moyai.localhost data-moyai.localhost\n")
        seeing = f'mount --bind {hosts} /etc/hosts && exec "$@"'
        self._command = ("unshare", "--mount", "sh", "-c", seeing, "sh", program, "servicediscovery")
        endpoint = f"http://moyai.localhost:{installation.port}"
        self._environment = installation.environment() | {"AWS_ENDPOINT_URL": endpoint}

    def __call__(self, *arguments: str) -> Any:
        command = [*self._command, *arguments, "--output", "json"]
        ran = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout or "{}")


def test_the_javascript_sdk_registers_and_discovers_instances(simulation: Installation) -> None:
    if shutil.which("node") is None or not (JAVASCRIPT / "node_modules").is_dir():
        pytest.skip("Node or its SDK isn't installed: `npm ci` in tests/e2e/javascript")
    command = ["node", "cloudmap.mjs", f"http://127.0.0.1:{simulation.port}"]
    ran = subprocess.run(command, cwd=JAVASCRIPT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "healthy": ["one"],
        "all": ["one", "two"],
        "replicas": ["two"],
        "listed": ["one", "two"],
        "created": True,
        "gone": "NamespaceNotFound",
    }
