"""How long a read of metrics is current, which is how long an equal GetMetricData gets the same response."""

from __future__ import annotations

import weakref

import pytest

from moyai.api.cloudwatch.reading import Reading
from moyai.api.operation import ReusableOutput
from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.domain.cloudwatch.query import Metric, MetricStat
from moyai.kernel.clock import later
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH
from moyai.testing.world import SCOPE

ONE = Summary(1, 1.0, 1.0, 1.0)


@pytest.fixture
def head():
    head = MetricHead()
    for name in ("orders", "others"):
        head.write(SCOPE, MetricId("Shop", name), "Count", EPOCH, ONE)
    return head


@pytest.fixture
def reading(head):
    reading = Reading(SeriesReader(head), SCOPE, (EPOCH, later(EPOCH, 60)), EPOCH)
    for name in ("orders", "absent"):
        reading.read(MetricStat(Metric("Shop", name), 60, "Sum"))
    return reading


def test_a_read_is_current_for_the_rest_of_its_second(reading):
    reusable = reading.reusable("output")
    assert [reusable.is_current(later(EPOCH, seconds)) for seconds in (0, 0.9, 1, -1)] == [True, True, False, False]
    assert (reusable.output, reusable.reads) == ("output", 2)


@pytest.mark.parametrize(("name", "is_current"), [("orders", False), ("absent", False), ("others", True)])
def test_a_read_is_not_current_after_a_sample_of_what_was_read(head, reading, name, is_current):
    head.write(SCOPE, MetricId("Shop", name), "Count", EPOCH, ONE)
    assert reading.reusable(None).is_current(EPOCH) is is_current


def test_a_read_is_not_current_after_a_metric_was_removed_and_is_there_again(head, reading):
    head.drop(head.in_scope(SCOPE)[MetricId("Shop", "orders")])
    head.write(SCOPE, MetricId("Shop", "orders"), "Count", EPOCH, ONE)
    assert not reading.reusable(None).is_current(EPOCH)


def test_a_search_is_not_repeated_from_memory(reading):
    reading.metrics(None)
    assert reading.reusable("output") == "output"


def test_an_output_does_not_keep_what_was_read_for_it(head):
    reading = Reading(SeriesReader(head), SCOPE, (EPOCH, later(EPOCH, 60)), EPOCH)
    reading.read(MetricStat(Metric("Shop", "orders"), 60, "Sum"))
    reusable, reference = reading.reusable("output"), weakref.ref(reading)
    del reading
    assert isinstance(reusable, ReusableOutput)
    assert reusable.is_current(EPOCH)
    assert reference() is None
