"""The registry as its clients use it: skopeo, the AWS CLI, clients that break off or lie, a crash, a full disk."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.container_images import ContainerImage, container_image, digest_of
from tests.e2e.installation import AWS, Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

MEGABYTE = 1024 * 1024


@pytest.fixture
def client(simulation: Installation) -> Iterator[httpx.Client]:
    with registry_client(simulation) as client:
        yield client


@contextmanager
def registry_client(installation: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=installation.url, timeout=120) as client:
        yield client


def push_layer(client: httpx.Client, name: str, content: bytes) -> httpx.Response:
    place = client.post(f"/v2/{name}/blobs/uploads/").raise_for_status().headers["location"]
    return client.put(place, params={"digest": digest_of(content)}, content=content)


def oci_layout(folder: Path, image: ContainerImage, tag: str) -> str:
    """Write an image as an OCI layout, and return its name for skopeo."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    for content in (image.manifest, *image.blobs):
        (blobs / content.digest.removeprefix("sha256:")).write_bytes(content.data)
    entry = {**image.manifest.descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return f"oci:{folder}:{tag}"


def skopeo(*arguments: str) -> str:
    program = shutil.which("skopeo")
    if program is None and shutil.which("apt-get") is None:
        pytest.skip("there is no skopeo for this system")
    assert program is not None, "run `make setup` as `make test` does: scripts/setup.sh --registry"
    ran = subprocess.run(
        [program, "--insecure-policy", *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_skopeo_pushes_lists_pulls_and_deletes(simulation, tmp_path):
    image = container_image([{"etc/name": b"one"}, {"srv/big": os.urandom(3 * MEGABYTE)}])
    name = f"docker://127.0.0.1:{simulation.port}/shop/front"
    skopeo("copy", "--dest-tls-verify=false", oci_layout(tmp_path / "in", image, "1"), f"{name}:1")
    assert json.loads(skopeo("list-tags", "--tls-verify=false", name))["Tags"] == ["1"]
    assert json.loads(skopeo("inspect", "--tls-verify=false", f"{name}:1"))["Digest"] == image.manifest.digest
    skopeo("copy", "--src-tls-verify=false", f"{name}:1", f"oci:{tmp_path / 'out'}:1")
    digests = {content.digest.removeprefix("sha256:") for content in (image.manifest, *image.blobs)}
    assert {path.name for path in (tmp_path / "out/blobs/sha256").iterdir()} == digests
    other = f"docker://111122223333.dkr.ecr.eu-west-1.localhost:{simulation.port}/shop/front:1"
    if _resolves("111122223333.dkr.ecr.eu-west-1.localhost"):
        skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"{name}:1", other)
    skopeo("delete", "--tls-verify=false", f"{name}:1")
    assert simulation.client("ecr").describe_images(repositoryName="shop/front")["imageDetails"] == []


def _resolves(name: str) -> bool:
    with suppress(OSError):
        return bool(socket.getaddrinfo(name, 80))
    return False


def test_the_aws_cli_creates_logs_in_and_describes(simulation, client):
    created = simulation.aws("ecr", "create-repository", "--repository-name", "cli/app")["repository"]
    assert created["repositoryUri"] == f"127.0.0.1:{simulation.port}/cli/app"
    command = [AWS, "ecr", "get-login-password"]
    ran = subprocess.run(command, env=simulation.environment(), capture_output=True, text=True, check=True, timeout=60)
    password = ran.stdout.strip()
    assert client.get("/v2/", auth=("AWS", password)).status_code == 200
    assert push_layer(client, "cli/app", b"layer").status_code == 201
    url = simulation.client("ecr").get_download_url_for_layer(repositoryName="cli/app", layerDigest=digest_of(b"layer"))
    assert httpx.get(url["downloadUrl"]).content == b"layer"


def test_a_layer_far_larger_than_a_request_to_the_api(simulation, client):
    piece = os.urandom(MEGABYTE)
    count, digest = 60, sha256()
    for _ in range(count):
        digest.update(piece)
    place = client.post("/v2/large/blobs/uploads/").raise_for_status().headers["location"]
    params = {"digest": f"sha256:{digest.hexdigest()}"}
    assert client.put(place, params=params, content=iter([piece] * count)).status_code == 201
    with client.stream("GET", f"/v2/large/blobs/{params['digest']}") as response:
        assert response.headers["content-length"] == str(count * MEGABYTE)
        assert all(chunk for chunk in response.iter_bytes(MEGABYTE))
    part = client.get(f"/v2/large/blobs/{params['digest']}", headers={"range": "bytes=1048570-1048585"})
    assert (part.status_code, part.content) == (206, piece[-6:] + piece[:10])


def test_other_paths_keep_their_limit(simulation):
    with registry_client(simulation) as client:
        refused = client.post("/", content=b"x" * 3 * MEGABYTE)
    assert refused.status_code == 413


def test_a_body_for_an_unknown_upload_is_not_read_to_its_end(client):
    client.post("/v2/unknown/blobs/uploads/").raise_for_status()
    path = "/v2/unknown/blobs/uploads/00000000-0000-0000-0000-000000000000"
    refused = client.patch(path, content=iter([b"x" * MEGABYTE] * 4))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_size_that_no_disk_has_is_refused_at_once(simulation, client):
    place = client.post("/v2/huge/blobs/uploads/").raise_for_status().headers["location"]
    with socket.create_connection(("127.0.0.1", simulation.port), 60) as connection:
        head = f"PATCH {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {10**15}\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 1000)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert client.get(place).status_code == 404


def test_an_upload_is_continued_after_its_connection_broke(simulation, client):
    first, rest = os.urandom(2 * MEGABYTE), os.urandom(1000)
    place = client.post("/v2/broken/blobs/uploads/").raise_for_status().headers["location"]
    with socket.create_connection(("127.0.0.1", simulation.port), 60) as connection:
        head = f"PATCH {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(first) + 5}\r\n\r\n"
        connection.sendall(head.encode() + first)
        eventually(lambda: received_bytes(client, place) >= MEGABYTE, "bytes of the upload are written")
    eventually(lambda: client.patch(place, content=b"").status_code == 202, "the broken request has ended")
    missing = (first + rest)[received_bytes(client, place) :]
    put = client.put(place, params={"digest": digest_of(first + rest)}, content=missing)
    assert put.status_code == 201


def received_bytes(client: httpx.Client, place: str) -> int:
    return int(client.get(place).headers["range"].partition("-")[2]) + 1


def test_a_reset_deletes_the_images(simulation, client):
    assert push_layer(client, "app", b"layer").status_code == 201
    simulation.own("POST", "reset")
    assert client.get("/v2/_catalog").json() == {"repositories": []}
    assert [path for path in (simulation.state / "ecr").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "path",
    ["/v2/../../etc/passwd/manifests/1", "/v2/a/../../../b/blobs/uploads/", "/v2/%2e%2e/%2e%2e/x/manifests/1"],
)
def test_a_name_cannot_leave_the_registry(simulation, path):
    with socket.create_connection(("127.0.0.1", simulation.port), 60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"NAME_INVALID" in answer


@contextmanager
def own_installation(folder: Path) -> Iterator[Installation]:
    installation = Installation(folder, "--runtime", "sim", "--dns-port", "0")
    try:
        yield installation
    finally:
        assert installation.leave() == []


def test_a_crash_loses_no_acknowledged_layer_and_leaves_no_upload(tmp_path):
    image = container_image([{"one": b"1"}])
    with own_installation(tmp_path / "state") as installation:
        installation.up()
        with registry_client(installation) as client:
            for blob in image.blobs:
                assert push_layer(client, "app", blob.data).status_code == 201
            pushed = client.put("/v2/app/manifests/1", content=image.manifest.data)
            assert pushed.status_code == 201
            place = client.post("/v2/app/blobs/uploads/").raise_for_status().headers["location"]
            sender = Thread(target=_send_until_it_breaks, args=(installation.port, place))
            sender.start()
            eventually(lambda: any((installation.state / "ecr/uploads").iterdir()), "bytes of the upload are written")
            installation.kill()
            sender.join()
        installation.up()
        with registry_client(installation) as client:
            assert client.get("/v2/app/manifests/1").content == image.manifest.data
            for blob in image.blobs:
                assert client.get(f"/v2/app/blobs/{blob.digest}").content == blob.data
            assert client.get(place).status_code == 404
            assert list((installation.state / "ecr/uploads").iterdir()) == []
            assert push_layer(client, "app", b"again").status_code == 201


def _send_until_it_breaks(port: int, place: str) -> None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(f"PATCH {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {10**10}\r\n\r\n".encode())
        while True:
            connection.sendall(b"x" * 65536)


def test_a_disk_that_fills_during_a_push(tmp_path):
    with own_installation(tmp_path / "state") as installation, _small_disk(installation.state / "ecr", 160):
        installation.up()
        with registry_client(installation) as client:
            assert push_layer(client, "app", b"small").status_code == 201
            place = client.post("/v2/app/blobs/uploads/").raise_for_status().headers["location"]
            full = client.patch(place, content=iter([os.urandom(MEGABYTE)] * 64))
            assert (full.status_code, full.reason_phrase) == (507, "Insufficient Storage")
            assert "is full" in full.json()["errors"][0]["message"]
            assert list((installation.state / "ecr/uploads").iterdir()) == []
            assert push_layer(client, "app", b"another").status_code == 201
        installation.terminate()


@contextmanager
def _small_disk(place: Path, megabytes: int) -> Iterator[None]:
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)
