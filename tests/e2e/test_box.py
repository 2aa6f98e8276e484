"""moyai in one container, on Docker Engine and on Podman: `make box` builds its image, `make test-box` runs these."""

from __future__ import annotations

import json
import re
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.config import Config

from moyai.cli.box.container_options import STATE
from tests.e2e.box_hosts import IMAGE_ARCHIVE, BoxHost, box_host, is_installed
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

PATIENCE = 240.0
LARGEST = 300e6
"""Bytes of the image, unpacked."""
PORT = 14566
"""Not the API's own, so that whatever depends on the published port shows."""
DISK = re.compile(rf"({re.escape(STATE)})?/run/(tasks|gone)/\w+/disk\.img( \(deleted\))?")
"""The disk of a task in a container, as the kernel names it: by its path there, and by that in the volume once the
container's mounts are gone.
"""
SERVER = """
import http.server, socket, socketserver, threading, urllib.request
class Datagrams(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(socket.gethostname().encode(), self.client_address)
threading.Thread(target=socketserver.UDPServer(("", 8000), Datagrams).serve_forever).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            url = self.path.removeprefix("/")
            text = urllib.request.urlopen(url, timeout=5).read().decode() if url else socket.gethostname()
        except OSError as error:
            text = f"refused: {error}"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
"""Answers with the task's host name, or with what the URL after the first slash answers to the task; any datagram with
the task's host name.
"""


@pytest.fixture(scope="module", params=["docker", "podman"])
def host(request, tmp_path_factory) -> Iterator[BoxHost]:
    """An engine with the image."""
    if not is_installed(request.param):
        pytest.skip(f"{request.param} is not installed: scripts/setup.sh --{request.param}")
    if not IMAGE_ARCHIVE.exists():
        pytest.skip("there is no image: make box")
    with box_host(request.param, tmp_path_factory.mktemp("host")) as running:
        yield running


@contextmanager
def box(host: BoxHost, *options: str) -> Iterator[dict[str, Any]]:
    """moyai in a container, and nothing of it afterwards; what `moyai box up` reports."""
    disks = loop_devices()
    started = host.moyai("up", f"--port={PORT}", "--json", *options)
    assert started.returncode == 0, started.stderr
    try:
        report: dict[str, Any] = json.loads(started.stdout)
        yield report
    finally:
        removed = host.moyai("down", "--volumes")
        if removed.returncode:
            host.try_run(host.program, "rm", "--force", "--volumes", "moyai")
    assert removed.returncode == 0, removed.stderr
    assert host.container_names() == []
    assert host.volumes() == []
    eventually(lambda: loop_devices() <= disks, "the disks of tasks are gone")


def loop_devices() -> set[str]:
    """The files behind the loop devices of tasks in any container."""
    files = {read_if_there(device) for device in Path("/sys/block").glob("loop*/loop/backing_file")}
    return {file for file in files if DISK.fullmatch(file)}


def read_if_there(file: Path) -> str:
    """The content of a file; empty if it has just gone."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def client(service: str) -> Any:
    """A client of the box's API. Its calls have to be made in the engine's network."""
    endpoint = {"endpoint_url": f"http://127.0.0.1:{PORT}", "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, **endpoint, **keys, config=Config(read_timeout=PATIENCE))


def create_service(name: str = "hello", count: int = 1, image: str = "moyai.local/host") -> None:
    """A service in the cluster ``web`` whose tasks have public addresses."""
    ecs = client("ecs")
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_cluster(clusterName="web")
    container = {"name": "app", "image": image, "command": ["python3", "-c", SERVER]}
    definition = ecs.register_task_definition(
        family=name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{**container, "portMappings": [{"containerPort": 8000}]}],
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "ENABLED"}}
    ecs.create_service(
        cluster="web", serviceName=name, taskDefinition=definition, desiredCount=count, networkConfiguration=network
    )


def answer(url: str, **headers: str) -> str:
    """The body of a response; empty while there is none with status 200."""
    try:
        response = httpx.get(url, headers=headers, timeout=10)
    except httpx.HTTPError:
        return ""
    return response.text if response.is_success else ""


def gateway() -> dict[str, Any]:
    """The ports of tasks and services."""
    report: dict[str, Any] = json.loads(answer(f"http://127.0.0.1:{PORT}/_moyai/gateway") or "{}")
    return report


def gateway_ports(count: int) -> list[int]:
    """The gateway ports of so many tasks, once there are as many."""
    ports = eventually(lambda: [port["gateway_port"] for port in gateway().get("ports", ())][:count], "ports", PATIENCE)
    return ports if len(ports) == count else eventually(lambda: gateway_ports(count), "all ports", PATIENCE)


def answer_by_name(name: str) -> str:
    """The answer of a service under its name. Its host name is the loopback's, which not every resolver knows."""
    return answer("http://127.0.0.1:8080/", Host=name)


@pytest.mark.skipif(not IMAGE_ARCHIVE.exists(), reason="there is no image: make box")
def test_the_image_is_small_and_has_one_layer():
    with tarfile.open(IMAGE_ARCHIVE) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        [layer] = json.load(manifest)[0]["Layers"]
        with tarfile.open(fileobj=archive.extractfile(layer)) as files:
            assert sum(file.size for file in files) <= LARGEST


@pytest.mark.parametrize("privileges", ["--privileged", "--no-privileged"])
def test_a_service_in_the_box_answers_the_host_by_port_and_by_name(host, privileges):
    with box(host, privileges) as report, host.network():
        assert report["privileged"] is (privileges == "--privileged")
        assert report["health"]["status"] == "ok"
        create_service(count=2)
        ports = gateway_ports(2)
        assert set(ports) <= set(range(20000, 20020))
        names = {eventually(partial(answer, f"http://127.0.0.1:{port}"), "an answer") for port in ports}
        assert len(names) == 2
        for name in ("hello.web.localhost", "8000.hello.web.localhost:8080"):
            assert answer_by_name(name) in names
        assert answer_by_name("nobody.web.localhost") == ""
        status = host.moyai("status", "--json")
        assert (status.returncode, json.loads(status.stdout)["health"]["tasks"]) == (0, 2)


def create_load_balancer(name: str, kind: str, protocol: str, port: int, targets: list[str]) -> str:
    """A load balancer for the internet with one listener, in front of these addresses; its DNS name. It is in the
    group of the VPC, from which the targets are reached.
    """
    elb, subnets = client("elbv2"), client("ec2").describe_subnets()["Subnets"][:2]
    groups = client("ec2").describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    group = elb.create_target_group(
        Name=name, Protocol=protocol, Port=8000, VpcId=subnets[0]["VpcId"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address} for address in targets])
    places = {"Subnets": [subnet["SubnetId"] for subnet in subnets], "SecurityGroups": [groups[0]["GroupId"]]}
    [created] = elb.create_load_balancer(Name=name, Type=kind, **places)["LoadBalancers"]
    forward = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(
        LoadBalancerArn=created["LoadBalancerArn"], Protocol=protocol, Port=port, DefaultActions=[forward]
    )
    return str(created["DNSName"])


def task_addresses(count: int) -> list[str]:
    """The private addresses of so many running tasks of the cluster ``web``, once there are as many."""

    def addresses() -> list[str]:
        ecs = client("ecs")
        arns = ecs.list_tasks(cluster="web")["taskArns"]
        tasks = ecs.describe_tasks(cluster="web", tasks=arns)["tasks"] if arns else []
        details = [d for t in tasks if t["lastStatus"] == "RUNNING" for a in t["attachments"] for d in a["details"]]
        running = [d["value"] for d in details if d["name"] == "privateIPv4Address"]
        return running if len(running) == count else []

    return eventually(addresses, "running tasks", PATIENCE)


def test_load_balancers_in_the_box_answer_the_host_by_name_and_by_port(host):
    with box(host, "--no-privileged"), host.network():
        create_service(count=2)
        targets = task_addresses(2)
        name = create_load_balancer("application", "application", "HTTP", 80, targets)
        create_load_balancer("network", "network", "TCP", 5432, targets)
        answers: set[str] = set()

        def both_answer() -> bool:
            answers.update({answer_by_name(name)} - {""})
            return len(answers) == len(targets)

        eventually(both_answer, "both targets answer", PATIENCE)
        status = host.installation(f"http://127.0.0.1:{PORT}")
        urls = {balancer["name"]: balancer["urls"] for balancer in status["loadBalancers"]}
        assert urls["application"][0] == f"http://{name}:8080"
        [by_port] = [url for url in urls["application"] if url.startswith("http://127.0.0.1:200")]
        nodes = [url.replace("tcp://127.0.0.1:20", "http://127.0.0.1:20") for url in urls["network"]]
        assert len(nodes) == 2
        assert eventually(partial(answer, by_port), "an answer", PATIENCE) in answers
        eventually(lambda: any(answer(url) in answers for url in nodes), "an answer of a node with targets", PATIENCE)


def datagram_answer(url: str) -> str:
    """The answer to a datagram; empty while there is none. ``url``: udp://HOST:PORT."""
    address = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client_socket:
        client_socket.settimeout(2)
        client_socket.connect((address.hostname, address.port))
        try:
            client_socket.send(b"who?")
            return client_socket.recv(1000).decode()
        except OSError:
            return ""


def test_a_network_load_balancer_in_the_box_answers_datagrams_of_the_host(host):
    with box(host, "--no-privileged"), host.network():
        create_service()
        [port] = gateway_ports(1)
        name = eventually(partial(answer, f"http://127.0.0.1:{port}"), "the task answers", PATIENCE)
        create_load_balancer("datagrams", "network", "UDP", 5353, task_addresses(1))

        def node_answers() -> bool:
            [balancer] = host.installation(f"http://127.0.0.1:{PORT}")["loadBalancers"]
            urls = [url for url in balancer["urls"] if url.startswith("udp://127.0.0.1:200")]
            return any(datagram_answer(url) == name for url in urls)

        eventually(node_answers, "the node with the target answers", PATIENCE)


def own_address(host: BoxHost) -> str:
    """The container's address in the engine's network."""
    program = "import socket; print(socket.gethostbyname(socket.gethostname()))"
    return host.engine("exec", "moyai", "python3", "-c", program).strip()


def test_a_task_reaches_neither_the_api_nor_published_ports(host):
    with box(host), host.network():
        create_service()
        [port] = gateway_ports(1)
        url, own = f"http://127.0.0.1:{port}", own_address(host)
        eventually(lambda: answer(url), "an answer")
        assert answer(f"{url}/http://{own}:4566/_moyai/health") == "refused: HTTP Error 403: Forbidden"
        for published in (port, 8080):
            assert answer(f"{url}/http://{own}:{published}/").startswith("refused: ")


def test_images_with_the_published_port_are_those_of_moyais_registry(host):
    with box(host), host.network():
        client("ecr").create_repository(repositoryName="shop/app")
        create_service(image=f"127.0.0.1:{PORT}/shop/app:1")
        reason = eventually(stopped_reason, "a task that stopped", PATIENCE)
        assert reason.startswith("CannotPullContainerError: ")
        assert "not found in moyai's ECR. Push it with `docker push`" in reason


def stopped_reason() -> str:
    """Why a task of the cluster has stopped; empty while none has."""
    ecs = client("ecs")
    stopped = ecs.list_tasks(cluster="web", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="web", tasks=stopped)["tasks"] if stopped else []
    return next((str(task["stoppedReason"]) for task in tasks), "")


def test_the_state_outlives_the_container_and_services_start_again(host):
    with box(host), host.network():
        create_service()
        gateway_ports(1)
        kept = host.moyai("down")
        assert kept.returncode == 0, kept.stderr
        assert host.container_names() == []
        started = host.moyai("up", f"--port={PORT}")
        assert started.returncode == 0, started.stderr
        [port] = gateway_ports(1)
        eventually(lambda: answer(f"http://127.0.0.1:{port}"), "an answer after `moyai box down`", PATIENCE)
        host.engine("kill", "moyai")
        assert host.moyai("status").returncode == 1
        host.engine("start", "moyai")
        eventually(lambda: answer_by_name("hello.web.localhost"), "an answer after a kill", PATIENCE)


def test_the_demo_fails_no_request_in_the_box(host):
    with box(host):
        output = host.engine("exec", "--env=TMPDIR=/var/lib/moyai", "moyai", "moyai", "demo")
        assert "Requests that failed: 0" in output


def test_a_box_that_cannot_start_says_why_and_leaves_nothing(host):
    def refusal(*options: str) -> str:
        ran = host.moyai("up", f"--port={PORT}", *options)
        assert ran.returncode == 1
        return str(ran.stderr)

    assert "has no image nowhere:1: build it with `make box`" in refusal("--image=nowhere:1")
    with host.network(), socket.create_server(("127.0.0.1", PORT)):
        assert "a port is in use" in refusal()
    assert host.container_names() == []
    with box(host):
        assert "has a container moyai already" in refusal()
    assert "moyai ended in its container" in refusal("--", "--log-limit=1")
    assert host.container_names() == []
    host.engine("volume", "rm", "moyai")


def test_state_on_the_containers_own_file_system_is_refused(host):
    name = host.engine("images", "--format={{.Repository}}:{{.Tag}}").split()[0]
    ran = host.try_run(host.program, "run", "--rm", "--privileged", name)
    assert ran.returncode == 1
    assert "is on the container's own file system" in ran.stderr + ran.stdout


def test_a_container_without_privileges_says_what_is_missing(host):
    name = host.engine("images", "--format={{.Repository}}:{{.Tag}}").split()[0]
    ran = host.try_run(host.program, "run", "--rm", "--volume=moyai:/var/lib/moyai", name)
    assert ran.returncode == 1
    assert "start the container with --privileged" in ran.stderr + ran.stdout
    host.engine("volume", "rm", "moyai")
