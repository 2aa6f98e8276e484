"""What an image's configuration means for a container's launch."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import ContainerSpec, TmpfsMount, VolumeMount
from moyai.images.model import Image, ImageConfig
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.cgroups.groups import Membership
from moyai.runtime.linux.launch.container_config import (
    ContainerPlace,
    HostEnvironment,
    container_config,
    stop_signal,
)
from moyai.runtime.linux.runtime_paths import RuntimePaths


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


def test_an_images_volumes_are_writable_unless_something_is_mounted_there(tmp_path):
    config = ImageConfig(command=("run",), volumes=("/data", "/data/inner", "/var/log/", "/cache", "/"))
    spec = ContainerSpec(
        TaskId("1" * 32), "app", "app", volumes=(VolumeMount("/cache/", "v"),), tmpfs=(TmpfsMount("/var/log", 1),)
    )
    place = ContainerPlace(tmp_path, tmp_path, Membership((), None))
    paths = RuntimePaths(tmp_path)
    paths.task(spec.task).mkdir(parents=True)
    host = HostEnvironment(paths, "/bin", "host", Path("/netns"))
    launch = container_config(spec, Image(("/layer",), on_host=False, config=config), place, host)
    assert launch.image_volumes == ("/data", "/data/inner")
    assert launch.arguments == ("run",)
