"""``moyai demo``, as a newcomer runs it, and as one who loses patience does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.installation import MOYAI
from tests.e2e.leftovers import Leftovers
from tests.e2e.waiting import PATIENCE, eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ROOT = Path(__file__).parents[2]
GRACE = 60


@pytest.fixture
def options():
    """Options of the command."""
    return ()


@pytest.fixture
def demo_process(tmp_path, options):
    """The demo under way; its temporary files are in ``tmp_path``."""
    with (tmp_path / "printed").open("w") as printed:
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        process = subprocess.Popen(
            [*MOYAI, "demo", *options],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(3 * GRACE)


def read_output(tmp_path):
    return (tmp_path / "printed").read_text()


def until_it_says(process, tmp_path, words):
    """Wait until the demo has printed this; it must not end before."""
    eventually(
        lambda: words in read_output(tmp_path) or process.poll() is not None,
        f"the demo prints {words!r}",
        patience=5 * PATIENCE,
    )
    assert words in read_output(tmp_path), read_output(tmp_path)


def leftovers(tmp_path):
    """The leftovers to look for at the end, known as soon as the demo's state is there."""
    (state,) = (tmp_path / "tmp").glob("moyai-demo-*")
    return Leftovers.of(state)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ((), ("image moyai.local/shop:1 imported", r"traffic flows through http://127\.83\.[\d.]+:8080/items")),
        pytest.param(
            ("--images",),
            (r"image 123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com/shop:1 built and pushed",),
            marks=pytest.mark.heavy,
        ),
        pytest.param(
            ("--load-balancer",),
            (
                r"http://shop-\d+\.us-east-1\.elb\.localhost:\d+/items is redirected to HTTPS",
                r"traffic flows through https://shop\.localhost:\d+/items",
                "front rolled to a new revision behind the load balancer",
            ),
            marks=pytest.mark.heavy,
        ),
    ],
)
def test_the_demo_fails_no_request_and_leaves_nothing(demo_process, tmp_path, steps):
    until_it_says(demo_process, tmp_path, "control plane ready")
    looked_for = leftovers(tmp_path)
    with suppress(subprocess.TimeoutExpired):  # then the output says how far it came
        demo_process.wait(10 * GRACE)
    text = read_output(tmp_path)
    assert demo_process.poll() == 0, text
    for step in steps:
        assert re.search(step, " ".join(text.split())), text
    assert "Requests that failed: 0" in text
    for caller, target in (("front", "catalog"), ("catalog", "pricing"), ("catalog", "stock")):
        assert re.search(rf"{caller}.*{target}", text), text
    assert [int(count) > 100 for count in re.findall(r"(\d+) requests were sent", text)] == [True]
    assert looked_for.list_all() == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "signals"),
    [("stock is steady", [signal.SIGINT, signal.SIGINT, signal.SIGTERM]), ("control plane ready", [signal.SIGTERM])],
)
def test_interrupting_the_demo_leaves_nothing(demo_process, tmp_path, words, signals):
    until_it_says(demo_process, tmp_path, words)
    looked_for = leftovers(tmp_path)
    for number in signals:
        demo_process.send_signal(number)
        while_it_lasts(0.3)
    assert demo_process.wait(GRACE) != 0
    assert "Traceback" not in read_output(tmp_path)
    assert looked_for.list_all() == []
    assert list((tmp_path / "tmp").iterdir()) == []
