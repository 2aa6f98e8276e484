"""Metric math, searches and dashboards as the AWS CLI asks for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.e2e

QUERIES = [
    {"Id": "orders", "Expression": "SEARCH('{Till,Shop} Orders', 'Sum')", "Period": 60, "Label": "${PROP('Dim.Shop')}"},
    {"Id": "all", "Expression": "SUM(orders)", "Label": "all, at most ${MAX}"},
    {"Id": "half", "Expression": "IF(all > 5, all / 2, 0)"},
]


def test_search_expressions_and_metric_math(simulation):
    now = datetime.now(UTC)
    at = ("--timestamp", str(now.timestamp()), "--namespace", "Till", "--metric-name", "Orders")
    for shop, value in (("north", "4"), ("south", "6")):
        simulation.aws("cloudwatch", "put-metric-data", *at, "--dimensions", f"Shop={shop}", "--value", value)
    span = ("--start-time", str((now - timedelta(hours=1)).timestamp()), "--end-time", str(now.timestamp() + 60))
    answer = simulation.aws("cloudwatch", "get-metric-data", *span, "--metric-data-queries", json.dumps(QUERIES))
    results = {
        metric_data_result["Label"]: sum(metric_data_result["Values"])
        for metric_data_result in answer["MetricDataResults"]
    }
    assert {name: results.pop(name) for name in ("north", "south")} == {"north": 4, "south": 6}
    assert [(name.partition(",")[0], value) for name, value in results.items()] == [("all", 10), ("half", 5)]


def test_a_dashboard(simulation):
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "# Till"}}]})
    name = ("--dashboard-name", "till")
    simulation.aws("cloudwatch", "put-dashboard", *name, "--dashboard-body", body)
    assert simulation.aws("cloudwatch", "get-dashboard", *name)["DashboardBody"] == body
    simulation.aws("cloudwatch", "delete-dashboards", "--dashboard-names", "till")
    assert simulation.aws("cloudwatch", "list-dashboards")["DashboardEntries"] == []
