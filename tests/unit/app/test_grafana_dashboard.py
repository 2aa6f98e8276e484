"""The dashboard asks for nothing that isn't there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from moyai.app.adapters.prometheus_endpoint import families, mesh_families
from moyai.telemetry.exposition.connect import connect_families
from moyai.telemetry.exposition.text import MetricType
from tests.shape.tree import ROOT
from tests.unit.app.adapters.test_prometheus_endpoint import exporter

DASHBOARD = ROOT / "docs/prometheus/grafana-dashboard.json"
NAMES = re.compile(r"\b(?:moyai|process)_\w+")
GROUPED = re.compile(r"by \(([^)]*)\)")
LABELS = frozenset(
    {
        *("account", "region", "namespace", "cluster", "service", "target", "name", "protocol", "code_class", "le"),
        *(
            "mesh",
            "virtual_node",
            "virtual_gateway",
            "virtual_service",
            "target_virtual_node",
            "route",
            "gateway_route",
        ),
        *("operation", "status", "what", "state", "outcome", "version", "runtime"),
        *("job", "instance"),
    }
)
__all__ = ["exporter"]


def read() -> Any:
    return json.loads(DASHBOARD.read_text())


def queries(board) -> Iterator[str]:
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in board["templating"]["list"] if one["type"] == "query")


async def test_the_dashboard_uses_existing_metrics_and_all_mesh_metrics(exporter):
    there = set()
    for family in (*families(exporter), *mesh_families(())):
        endings = ("_bucket", "_sum", "_count") if family.type is MetricType.HISTOGRAM else ("",)
        there |= {family.name + ending for ending in endings}
    # A test of its own makes no reconciler.
    there |= {"moyai_reconcile_queue_length", "moyai_reconcile_keys_total"}
    requests = {name for query in queries(read()) for name in NAMES.findall(query)}
    assert requests - there == set()
    assert {family.name for family in connect_families(())} - {
        name.removesuffix("_bucket") for name in requests
    } == set()


def test_the_dashboard_groups_by_existing_labels():
    grouped = {
        label.strip() for query in queries(read()) for part in GROUPED.findall(query) for label in part.split(",")
    }
    assert grouped <= LABELS


def test_panels_do_not_overlap_and_have_unique_ids():
    panels = read()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(p["title"], p["gridPos"]) for p in panels]
    overlapping = [(one, other) for (one, a), (other, b) in combinations(places, 2) if _overlap(a, b)]
    assert overlapping == []
    assert all(place["x"] + place["w"] <= 24 for _, place in places)


def _overlap(a, b) -> bool:
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not beside and not below


def test_the_scrape_config_names_both_pages():
    config = yaml.safe_load((Path(ROOT) / "docs/prometheus/prometheus.yml").read_text())
    assert [job.get("metrics_path", "/metrics") for job in config["scrape_configs"]] == ["/metrics", "/metrics/mesh"]
