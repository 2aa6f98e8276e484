"""An image's configuration in a container's launch."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import ContainerSpec, TmpfsMount, Ulimit, VolumeMount
from moyai.images.model import Image, ImageConfig
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.cgroups.groups import Membership
from moyai.runtime.linux.launch.container_config import ContainerPlace, HostEnvironment, container_config, stop_signal
from moyai.runtime.linux.runtime_paths import RuntimePaths

FILES = resource.RLIMIT_NOFILE


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (None, signal.SIGTERM),
        ("SIGQUIT", signal.SIGQUIT),
        ("quit", signal.SIGQUIT),
        ("3", signal.SIGQUIT),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3),
        ("0", signal.SIGTERM),
        ("65", signal.SIGTERM),
        ("SIGNOTHING", signal.SIGTERM),
        ("SIG_IGN", signal.SIGTERM),
        ("NOTHING+3", signal.SIGTERM),
        ("9" * 5000, signal.SIGTERM),
    ],
)
def test_the_stop_signal_is_a_name_or_a_number(text, number):
    assert stop_signal(text) == number


def launch_config(tmp_path, config, most_open_files=1_000_000, **fields):
    spec = ContainerSpec(TaskId("1" * 32), "app", "app", **fields)
    place = ContainerPlace(tmp_path, tmp_path, Membership((), None))
    paths = RuntimePaths(tmp_path)
    paths.task(spec.task).mkdir(parents=True)
    host = HostEnvironment(paths, "/bin", "host", Path("/netns"), most_open_files)
    return container_config(spec, Image(("/layer",), on_host=False, config=config), place, host)


@pytest.mark.parametrize(
    ("most", "ulimits", "limits"),
    [
        (1_000_000, (), ((FILES, 65535, 65535),)),
        (20_000, (), ((FILES, 20_000, 20_000),)),
        (20_000, (Ulimit("nofile", 10, 90_000),), ((FILES, 10, 90_000),)),
        (20_000, (Ulimit("core", 0, 0),), ((resource.RLIMIT_CORE, 0, 0), (FILES, 20_000, 20_000))),
    ],
)
def test_the_default_for_open_files_is_within_the_machines_limit(tmp_path, most, ulimits, limits):
    config = ImageConfig(command=("run",))
    assert launch_config(tmp_path, config, most, ulimits=ulimits, open_files=65535).limits == limits


def test_without_a_default_a_container_has_the_limits_of_the_server(tmp_path):
    assert launch_config(tmp_path, ImageConfig(command=("run",))).limits == ()


def test_an_images_volumes_are_writable_unless_something_is_mounted_there(tmp_path):
    config = ImageConfig(command=("run",), volumes=("/data", "/data/inner", "/var/log/", "/cache", "/"))
    launch = launch_config(tmp_path, config, volumes=(VolumeMount("/cache/", "v"),), tmpfs=(TmpfsMount("/var/log", 1),))
    assert launch.image_volumes == ("/data", "/data/inner")
    assert launch.arguments == ("run",)
