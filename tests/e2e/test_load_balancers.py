"""A load balancer over the public API: it listens, balances, checks health and drains, and it outlives what fails."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from socket import create_connection
from typing import Any

import dns.message
import dns.query
import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from moyai.domain.elb.front import FRONT_NAME, proxied_address
from tests.e2e.balancers import Balancer, get
from tests.e2e.installation import REGION, Installation
from tests.e2e.ports import free_port
from tests.e2e.stack import Cluster, Probe, app, kill
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture(scope="module")
def installation(make_installation: Callable[..., Installation]) -> Installation:
    http, https, names = (str(free_port()) for _ in range(3))
    new_installation = make_installation(
        "--dns-port", names, "--gateway-https-port", https, "--gateway-http-port", http
    )
    new_installation.up()
    return new_installation


@pytest.fixture(scope="module")
def cluster(installation: Installation) -> Cluster:
    return Cluster(installation, "balanced")


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("caller", connect=False)


@pytest.fixture(scope="module")
def web(cluster: Cluster) -> str:
    return cluster.define("web", app("web", 8080))


@pytest.fixture
def two_tasks(cluster: Cluster, web: str) -> Iterator[dict[str, str]]:
    """Two tasks, by their addresses."""
    arns = [cluster.run(web) for _ in range(2)]
    tasks = [cluster.until(arn, "RUNNING") for arn in arns]
    yield {address_of(task): task["taskArn"] for task in tasks}
    for arn in arns:
        cluster.ecs.stop_task(cluster=cluster.name, task=arn)


@pytest.fixture
def balancer(cluster: Cluster, two_tasks: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Balancer]:
    """A load balancer in front of both, which are healthy."""
    new_balancer = Balancer(cluster, f"lb-{abs(hash(request.node.name)) % 10**8}")
    new_balancer.register(*two_tasks)
    new_balancer.await_active()
    new_balancer.await_health(healthy=2)
    for address in new_balancer.public_addresses():
        eventually(partial(answers, address), f"{address} answers")
    yield new_balancer
    new_balancer.delete()


def answers(address: str, path: str = "/", port: int = 80, headers: Mapping[str, str] | None = None) -> bool:
    """Whether a success is answered to this machine."""
    answer = get(address, path, port, headers)
    return answer is not None and answer[0] == 200


def address_of(task: Any) -> str:
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    return str(details["privateIPv4Address"])


def tasks_that_answer(probe: Probe, address: str, count: int = 20) -> set[str]:
    """The tasks that answer requests to this address from another task; each answer must be a success."""
    answers = [probe.ask("http", url=f"http://{address}/") for _ in range(count)]
    assert {answer["status"] for answer in answers} == {200}, answers
    return {json.loads(answer["text"])["task"] for answer in answers}


def test_requests_of_tasks_and_of_this_machine_reach_both_targets(balancer, two_tasks, probe):
    for address in balancer.private_addresses():
        assert len(tasks_that_answer(probe, address)) == len(two_tasks)
    for address in balancer.public_addresses():
        status, body = get(address)
        assert status == 200
        assert {name.lower(): value for name, value in body["headers"].items()}["x-forwarded-for"] == "127.0.0.1"
        assert body["peer"] in balancer.private_addresses()


def test_the_name_of_a_load_balancer_resolves_in_tasks(balancer, two_tasks, probe):
    assert len(tasks_that_answer(probe, balancer.dns_name)) == len(two_tasks)


def test_aliases_in_hosted_zones_resolve_in_tasks_and_on_this_machine(
    installation, cluster, balancer, two_tasks, probe
):
    route53, port = (
        installation.client("route53"),
        int(installation.options[installation.options.index("--dns-port") + 1]),
    )
    internal = Balancer(cluster, "inside", "internal")
    vpc = {"VPCRegion": REGION, "VPCId": balancer.vpc}
    for zone_name, target, members in (("shop.internal", internal, {"VPC": vpc}), ("shop.example", balancer, {})):
        zone = route53.create_hosted_zone(Name=zone_name, CallerReference=zone_name, **members)["HostedZone"]["Id"]
        described = target.describe()
        alias = {
            "HostedZoneId": described["CanonicalHostedZoneId"],
            "DNSName": described["DNSName"],
            "EvaluateTargetHealth": False,
        }
        record = {"Name": f"api.{zone_name}", "Type": "A", "AliasTarget": alias}
        changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        info = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)["ChangeInfo"]
        route53.get_waiter("resource_record_sets_changed").wait(Id=info["Id"], WaiterConfig={"Delay": 1})

    def addresses(name: str) -> set[str]:
        answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=20)
        return {value.address for rrset in answer.answer for value in rrset}

    inner, outer = set(internal.private_addresses()), set(balancer.public_addresses())
    eventually(lambda: addresses("api.shop.internal") == inner, "the internal name is answered")
    eventually(lambda: addresses("api.shop.example") == outer, "the public name is answered")
    assert len(tasks_that_answer(probe, "api.shop.example")) == len(two_tasks)

    def seen_inside() -> set[str]:
        output = probe.run("getent", "ahostsv4", "api.shop.internal")["out"]
        return {line.split()[0] for line in output.splitlines()}

    eventually(lambda: seen_inside() == inner, "the internal name is answered in a task")
    internal.delete()


def test_the_name_of_a_load_balancer_works_at_the_named_entry_point(installation, balancer, two_tasks):
    port = int(installation.options[-1])
    eventually(partial(answers, "127.0.0.1", "/", port, {"host": balancer.dns_name}), "the entry point leads on")
    status, body = get("127.0.0.1", port=port, headers={"host": balancer.dns_name})
    assert status == 200
    headers = {name.lower(): value for name, value in body["headers"].items()}
    assert headers["host"] == balancer.dns_name
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert "x-request-id" not in headers
    shown = json.loads(installation.moyai("status", "--json"))["loadBalancers"]
    (own,) = [entry for entry in shown if entry["name"] == balancer.name]
    first, *others = own["urls"]
    assert own["state"] == "active"
    assert first == f"http://{balancer.dns_name}:{port}"
    assert others
    assert set(others) <= {f"http://{address}:80" for address in balancer.public_addresses()}
    assert balancer.name in installation.moyai("status")


def test_https_works_at_the_named_entry_point_by_the_names_of_certificates(installation, balancer, two_tasks):
    port = int(installation.options[installation.options.index("--gateway-https-port") + 1])
    chain, key = self_signed(balancer.dns_name, "shop.test")
    acm = installation.client("acm")
    certificate = acm.import_certificate(Certificate=chain, PrivateKey=key)["CertificateArn"]
    balancer.elb.create_listener(
        LoadBalancerArn=balancer.arn,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": balancer.group}],
    )
    context = ssl.create_default_context(cadata=chain.decode())

    def headers_of(server_name: str) -> dict[str, str] | None:
        """The headers that a target gets; None without an answer."""
        request = f"GET / HTTP/1.1\r\nhost: {server_name}\r\nconnection: close\r\n\r\n".encode()
        try:
            with (
                create_connection(("127.0.0.1", port), timeout=20) as plain,
                context.wrap_socket(plain, server_hostname=server_name) as encrypted,
            ):
                encrypted.sendall(request)
                head, _, body = encrypted.makefile("rb").read().partition(b"\r\n\r\n")
        except OSError:
            return None
        assert head.startswith(b"HTTP/1.1 200")
        return {name.lower(): value for name, value in json.loads(body)["headers"].items()}

    for server_name in (balancer.dns_name, "shop.test"):
        eventually(partial(headers_of, server_name), f"{server_name} answers")
        headers = headers_of(server_name)
        assert headers is not None
        assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert headers_of("other.test") is None
    shown = json.loads(installation.moyai("status", "--json"))["loadBalancers"]
    (own,) = [entry for entry in shown if entry["name"] == balancer.name]
    assert f"https://{balancer.dns_name}:{port}" in own["urls"]


def self_signed(*names: str) -> tuple[bytes, bytes]:
    """A certificate for these names, which is its own authority, and its key; PEM."""
    key, own = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(own, own, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    certificate = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), key.private_bytes(*form)


def test_a_task_can_not_say_that_it_is_another_client(balancer, two_tasks, probe):
    line = "PROXY TCP4 203.0.113.9 10.0.0.1 1 80"
    for address in balancer.private_addresses():
        answer = probe.ask("lines", host=proxied_address(address), port=80, line=line, patience=3)
        assert answer.get("error") in {"OSError", "TimeoutError", "ConnectionRefusedError"}, answer
    answer = probe.ask(
        "http", url=f"http://{balancer.private_addresses()[0]}/", headers={"x-forwarded-for": "203.0.113.9"}
    )
    forwarded = {name.lower(): value for name, value in json.loads(answer["text"])["headers"].items()}
    assert forwarded["x-forwarded-for"].startswith("203.0.113.9, 172.31.")


def test_another_vpcs_internal_load_balancer_is_out_of_reach(installation, balancer, probe):
    ec2 = balancer.ec2
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"][:2]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.77.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]
    created = balancer.elb.create_load_balancer(Name="elsewhere", Subnets=subnets, Scheme="internal")
    (other,) = created["LoadBalancers"]
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    arn = other["LoadBalancerArn"]
    balancer.elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=actions)
    balancer.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"Delay": 1})
    described = ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    address = next(i["PrivateIpAddress"] for i in described["NetworkInterfaces"] if "elsewhere" in i["Description"])
    answer = probe.ask("lines", host=address, port=80, line="GET / HTTP/1.0", patience=3)
    assert answer.get("error") in {"OSError", "TimeoutError", "ConnectionRefusedError"}, answer
    with pytest.raises(ClientError) as refusal:
        balancer.register(address)
    assert refusal.value.response["Error"]["Code"] == "ValidationError"
    balancer.elb.delete_load_balancer(LoadBalancerArn=arn)


def test_a_target_that_dies_is_left_out(balancer, two_tasks, probe):
    address, arn = next(iter(two_tasks.items()))
    kill(arn, "apps.web")
    eventually(lambda: balancer.health().get(address, {}).get("State") == "unhealthy", "the target is unhealthy")
    assert balancer.health()[address]["Reason"] in {"Target.FailedHealthChecks", "Target.Timeout"}
    assert len(tasks_that_answer(probe, balancer.private_addresses()[0])) == 1


def test_a_failing_target_has_the_code_in_its_reason(balancer, two_tasks, probe):
    address = next(iter(two_tasks))
    probe.ask("http", url=f"http://{address}:8080/fail")
    expected = {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [503]",
    }
    eventually(lambda: balancer.health()[address] == expected, "the target is unhealthy")


def test_a_target_drains_without_losing_a_request(balancer, two_tasks):
    public = balancer.public_addresses()[0]
    addresses = list(two_tasks)
    balancer.deregister(addresses[1])
    balancer.await_health(healthy=1)
    results: list[Any] = []
    slow = threading.Thread(target=lambda: results.append(get(public, "/slow/20")))
    slow.start()
    eventually(partial(_is_busy, public), "the request is under way")
    balancer.register(addresses[1])
    balancer.await_health(healthy=2)
    balancer.deregister(addresses[0])
    assert balancer.health()[addresses[0]]["State"] == "draining"
    assert balancer.health()[addresses[0]]["Reason"] == "Target.DeregistrationInProgress"
    slow.join()
    ((status, body),) = results
    assert (status, body["path"]) == (200, "/slow/20")
    eventually(lambda: addresses[0] not in balancer.health(), "the target is gone")
    status, _ = get(public)
    assert status == 200


def _is_busy(public: str) -> bool:
    status, body = get(public, "/count")
    return bool(status == 200 and body["waiting"] == 1)


def test_a_killed_front_proxy_is_made_again(balancer, two_tasks, probe):
    before = balancer.front_processes()
    assert before
    balancer.kill_front()
    eventually(lambda: balancer.front_processes() - before, "another front proxy runs")
    public = balancer.public_addresses()[0]
    eventually(lambda: (get(public) or (0,))[0] == 200, "the load balancer answers")
    balancer.await_health(healthy=2)
    assert len(tasks_that_answer(probe, balancer.private_addresses()[0])) == len(two_tasks)


def test_load_balancers_serve_while_the_control_plane_is_away(installation, balancer, two_tasks):
    public = balancer.public_addresses()[0]
    before = balancer.front_processes()
    installation.kill()
    assert {get(public)[0] for _ in range(10)} == {200}
    installation.up()
    assert {get(public)[0] for _ in range(10)} == {200}
    balancer.await_health(healthy=2)
    assert balancer.front_processes() == before


def test_every_request_is_in_the_access_log_once_though_the_control_plane_is_killed(installation, balancer, two_tasks):
    place = {"enabled": "true", "bucket": "my-logs", "prefix": "shop"}
    attributes = [{"Key": f"access_logs.s3.{name}", "Value": value} for name, value in place.items()]
    balancer.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer.arn, Attributes=attributes)
    public = balancer.public_addresses()[0]
    eventually(lambda: get(public, "/first") and "/first" in access_log(installation), "requests are logged")
    for number in range(30):
        if number == 10:
            installation.kill()
        assert get(public, f"/number-{number}-")[0] == 200
        if number == 20:
            installation.up()
    entries = [f":80/number-{number}- " for number in range(30)]
    eventually(lambda: all(entry in access_log(installation) for entry in entries), "all requests are logged")
    log = access_log(installation)
    assert [log.count(entry) for entry in entries] == [1] * 30
    assert {line.split()[3].partition(":")[0] for line in log.splitlines()} == {"127.0.0.1"}
    attributes[0]["Value"] = "false"
    balancer.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer.arn, Attributes=attributes)


def access_log(installation: Installation) -> str:
    """The lines of all files of the bucket."""
    files = sorted((installation.state / "elb-logs/my-logs/shop/AWSLogs").glob("**/*.log*"))
    contents = ((path, path.read_bytes()) for path in files)
    return b"".join(gzip.decompress(c) if path.suffix == ".gz" else c for path, c in contents).decode()


def test_nothing_remains_of_the_last_load_balancer(installation, balancer, two_tasks):
    sandbox = balancer.sandbox
    others = balancer.elb.describe_load_balancers()["LoadBalancers"]
    assert [other["LoadBalancerArn"] for other in others] == [balancer.arn]
    public = balancer.public_addresses()[0]
    balancer.elb.delete_load_balancer(LoadBalancerArn=balancer.arn)
    folder = installation.state / "run/tasks" / sandbox
    eventually(lambda: not folder.exists() and not balancer.front_processes(""), "the front proxy is gone")
    assert not (installation.state / "run/netns" / f"task-{sandbox}").exists()
    assert get(public) is None
    assert {health["State"] for health in balancer.health().values()} == {"unused"}
    assert FRONT_NAME not in str(list((installation.state / "run").rglob("*")))
