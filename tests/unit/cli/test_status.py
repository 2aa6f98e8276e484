"""The output of ``moyai status`` in narrow and in wide terminals."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from moyai.cli.status import _print, _print_cluster

ID = "384abac93ec1b0912ee53640a8168476"
TASK = {
    "id": ID,
    "group": "service:catalog",
    "status": "RUNNING",
    "health": "HEALTHY",
    "zone": "us-east-1a",
    "address": "172.31.16.104",
    "urls": ["http://127.83.100.200:8080"],
}
SERVICE = {
    "name": "catalog",
    "status": "ACTIVE",
    "desired": 2,
    "running": 2,
    "pending": 0,
    "rollout": "COMPLETED",
    "names": ["catalog:8080"],
    "url": "",
}
CLUSTER = {"name": "shop", "services": [SERVICE], "instances": [], "tasks": [TASK], "stopped": []}


def render_cluster(cluster, width):
    paper = io.StringIO()
    _print_cluster(Console(file=paper, width=width, highlight=False, markup=False, emoji=False), cluster)
    return paper.getvalue()


@pytest.mark.parametrize(
    ("width", "there"),
    [
        (80, [ID[:8], "service:catalog", "RUNNING", "127.83.100.200:8080", "HEALTHY"]),
        (120, [ID[:8], "service:catalog", "RUNNING", "127.83.100.200:8080", "HEALTHY", "172.31.16.104", "us-east-1a"]),
        (200, [ID, "service:catalog", "RUNNING", "127.83.100.200:8080", "HEALTHY", "172.31.16.104", "us-east-1a"]),
    ],
)
def test_text_that_fits_is_not_truncated(width, there):
    cluster_text = render_cluster(CLUSTER, width)
    assert [word for word in there if word not in cluster_text] == []
    assert "…" not in cluster_text


def test_a_public_port_that_could_not_be_opened_is_named_with_the_reason(capsys):
    current = {"endpoint": "", "region": "", "clusters": [], "loadBalancers": []}
    failures = {"127.83.0.1:80": "Address already in use"}
    _print({**current, "portFailures": failures}, is_repeated=False)
    assert "127.83.0.1:80 can't be opened: Address already in use." in " ".join(capsys.readouterr().out.split())
    _print({**current, "portFailures": {}}, is_repeated=False)
    assert "opened" not in capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80, 200])
def test_empty_clusters_and_unbreakable_names_are_complete(width):
    name = "recommendations-and-personalisation-backend"
    cluster_text = render_cluster({**CLUSTER, "services": [{**SERVICE, "name": name}], "tasks": []}, width)
    cells = "".join(line.split("│")[1].strip() for line in cluster_text.splitlines() if line.startswith("│"))
    assert name in cells


def test_markup_in_a_group_name_is_printed_literally():
    assert "[/job]" in render_cluster({**CLUSTER, "tasks": [{**TASK, "group": "[/job]"}]}, 200)


def test_control_characters_of_a_name_do_not_reach_the_terminal():
    text = render_cluster({**CLUSTER, "tasks": [{**TASK, "group": "a\x1b[31mb\nc"}]}, 200)
    assert r"a\x1b[31mb\nc" in text
    assert "\x1b" not in text


def test_stopped_tasks_are_shown_with_their_reasons():
    stopped = {"id": ID, "group": "service:catalog", "stopped_at": 0.0, "code": "TaskFailedToStart"}
    reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): no such image"
    text = render_cluster({**CLUSTER, "stopped": [{**stopped, "reason": reason}] * 7}, 200)
    assert text.count(reason) == 5
    assert "00:00:00" in text
    assert "and 2 older" in text
