"""Fixtures of all end-to-end tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from moyai.images.imports.importing import import_image
from tests.contract.runtime.adapters import LinuxAdapter, sandbox
from tests.e2e.envoy_rig import Rig, rig
from tests.e2e.external_proxies import Outside, applications, outsiders
from tests.e2e.installation import Installation
from tests.e2e.installations import installations
from tests.e2e.small_image import IMAGE, make_root

HERE = Path(__file__).parent
LONGEST = (
    "appmesh/test_migration.py",
    "test_aws_cli.py",
    "test_container_instances.py",
    "test_demo.py",
    "console/test_console_journey.py",
    "test_traffic_shifts.py",
    "test_access_keys.py",
    "test_outside_command.py",
    "test_deployment_failures.py",
    "test_metrics_exactly.py",
    "appmesh/test_metrics.py",
    "test_acm.py",
    "console/test_console_login.py",
)
"""The files that take longest, of tests/e2e."""
CORE = frozenset(
    {
        "appmesh/test_basics.py",
        "appmesh/test_gateway.py",
        "appmesh/test_tls_from_files.py",
        "attacks/test_archives.py",
        "attacks/test_browsers.py",
        "attacks/test_endpoint.py",
        "attacks/test_events.py",
        "attacks/test_front_proxy_floods.py",
        "attacks/test_host_sockets.py",
        "attacks/test_images_that_climb.py",
        "attacks/test_logins.py",
        "attacks/test_masks.py",
        "attacks/test_system_calls.py",
        "console/test_console_load_balancers.py",
        "console/test_console_pages.py",
        "console/test_console_stacks.py",
        "faults/test_faults.py",
        "faults/test_load_balancer.py",
        "faults/test_readiness.py",
        "test_access_logs.py",
        "test_bad_input.py",
        "test_careless_use.py",
        "test_container_settings.py",
        "test_data_plane_security.py",
        "test_down.py",
        "test_ecr.py",
        "test_exec.py",
        "test_express.py",
        "test_firelens.py",
        "test_gateways.py",
        "test_hostile_names.py",
        "test_images.py",
        "test_json_shapes.py",
        "test_linux_runtime_containers.py",
        "test_linux_runtime_crash.py",
        "test_linux_runtime_mesh.py",
        "test_linux_runtime_network.py",
        "test_linux_runtime_nodes.py",
        "test_names_in_tasks.py",
        "test_protocols.py",
        "test_registries.py",
        "test_resilience.py",
        "test_service_connect.py",
        "test_service_connect_settings.py",
        "test_service_discovery.py",
        "test_services_behind_load_balancers.py",
        "test_shared_namespaces.py",
        "test_shared_proxy.py",
        "test_stack_names.py",
        "test_strange_requests.py",
        "test_task_modes.py",
        "test_tasks.py",
    }
)
"""The files that `make test` runs: of each capability the shorter tests. Tests of all other files are ``long``."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as long, and begin with what takes longest: at the end, the other processes would wait for it."""
    places = {HERE / name: place for place, name in enumerate(LONGEST)}
    core = {HERE / name for name in CORE}
    assert all(path.exists() for path in (*places, *core))
    for item in items:
        if item.path.is_relative_to(HERE) and item.path not in core:
            item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture
async def linux():
    """A linux runtime with a state directory outside of /tmp, which containers don't see anyway."""
    state = Path(tempfile.mkdtemp(prefix="moyai-test-", dir="/var/tmp"))
    adapter = LinuxAdapter(state)
    try:
        yield adapter
    finally:
        try:
            await adapter.destroy_and_check()
        finally:
            shutil.rmtree(state)


@pytest.fixture(scope="module")
def keyed_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that needs keys, and has one."""
    state = tmp_path_factory.mktemp("keyed")
    new_installation = Installation(state, "--listen", "0.0.0.0", "--runtime", "sim")  # noqa: S104 - what is tested
    new_installation.make_key()
    new_installation.up()
    yield new_installation
    assert new_installation.leave() == []


@pytest.fixture
async def front() -> AsyncIterator[Rig]:
    """Real Envoys whose namespace sends nothing on to them."""
    async with rig({}) as new_rig:
        yield new_rig


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """Proxies outside of tasks, and the control plane that they connect to."""
    async with outsiders() as new_outside:
        yield new_outside


@pytest.fixture
async def outside_apps(outside: Outside) -> AsyncIterator[None]:
    """The applications behind these proxies."""
    async with applications(outside):
        yield


@pytest.fixture(scope="session")
def small_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root file system of the image."""
    folder = tmp_path_factory.mktemp("small")
    make_root(folder)
    return folder


@pytest.fixture
async def small(linux: LinuxAdapter, small_root: Path) -> LinuxAdapter:
    """A runtime that has the image, and the sandbox of TASK."""
    import_image(linux.runtime.images, IMAGE, small_root)
    await linux.runtime.prepare(sandbox())
    return linux


@pytest.fixture(scope="session")
def apps_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/e2e/apps as the root of an image has it: containers may not see the project where it is (in /tmp)."""
    folder = tmp_path_factory.mktemp("image")
    shutil.copytree(Path(__file__).with_name("apps"), folder / "srv/tests/e2e/apps")
    return folder


@pytest.fixture(scope="module")
def make_installation(
    tmp_path_factory: pytest.TempPathFactory, apps_folder: Path, topology: str
) -> Iterator[Callable[..., Installation]]:
    """Makes installations that are gone with the file that wants them: one that is left alone still costs processor."""
    with installations(tmp_path_factory, apps_folder, topology) as make:
        yield make


@pytest.fixture(scope="session")
def topology(request: pytest.FixtureRequest) -> str:
    """The topology of the proxies: ``pytest --proxy node`` runs the same tests with the proxy of the host."""
    return str(request.config.getoption("--proxy"))


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory, apps_folder: Path, topology: str) -> Iterator[Installation]:
    """A real control plane, for as long as there are tests."""
    with installations(tmp_path_factory, apps_folder, topology) as make:
        installation = make()
        installation.up()
        yield installation


@pytest.fixture(scope="module")
def server(standing: Installation) -> Iterator[Installation]:
    """A real control plane that files share, one after the other; what one leaves would cost the others processor."""
    yield standing
    standing.own("POST", "reset")


@pytest.fixture(scope="session")
def shared_simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A control plane without processes behind it, for as long as there are tests."""
    installation = Installation(tmp_path_factory.mktemp("simulated"), "--runtime", "sim")
    installation.up()
    yield installation
    assert installation.leave() == []


@pytest.fixture(scope="module")
def simulation(shared_simulation: Installation) -> Iterator[Installation]:
    """A control plane without processes behind it, for tests of the API alone; empty when a file begins."""
    yield shared_simulation
    shared_simulation.own("POST", "reset")


@pytest.fixture(scope="module")
def installation(make_installation: Callable[..., Installation]) -> Installation:
    """An installation without further options, which is up."""
    new_installation = make_installation()
    new_installation.up()
    return new_installation
