"""Totals never go down, and only what is saved is read."""

from __future__ import annotations

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.ports.metric_store import StoredTotal
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.reporters.envoy_stats import EndpointCounter
from moyai.telemetry.values import ResponseTimes
from tests.unit.telemetry.exposition.test_exposition import CALLS, CONNECTIONS, NOW, new_counts


def requests(totals):
    return {total.key: total.counters[EndpointCounter.REQUESTS] for total in totals.saved_totals()}


def test_unsaved_counts_are_not_read():
    totals = Totals()
    totals.total(CALLS, NOW).add(*new_counts(requests=3), NOW)
    assert requests(totals) == {}
    list(totals.take_unsaved())
    totals.total(CALLS, NOW).add(*new_counts(requests=4), NOW)
    assert requests(totals) == {}
    totals.confirm_saved()
    assert requests(totals) == {CALLS: 3}
    list(totals.take_unsaved())
    totals.mark_unsaved()
    assert requests(totals) == {CALLS: 3}
    assert len(list(totals.take_unsaved())) == 1
    totals.confirm_saved()
    assert requests(totals) == {CALLS: 7}


def test_an_unchanged_total_is_not_saved_again():
    totals = Totals()
    totals.total(CALLS, NOW).add(*new_counts(requests=3), NOW)
    assert len(list(totals.take_unsaved())) == 1
    totals.total(CALLS, NOW).add(*new_counts(), NOW)
    assert list(totals.take_unsaved()) == []


def test_totals_continue_from_saved_values():
    totals = Totals()
    time = ResponseTimes(Histogram((1.0, 2.0), (1, 2, 3)), 12.0)
    totals.total(CALLS, NOW).add(*new_counts(time, requests=3), NOW)
    totals.total(CONNECTIONS, NOW).add(*new_counts(connections=3), NOW)
    take_unsaved = list(totals.take_unsaved())
    totals.confirm_saved()
    again = Totals([*take_unsaved, StoredTotal("x", NOW, b"no total")])
    assert again.saved_totals() == totals.saved_totals()
    assert list(again.take_unsaved()) == []
    again.total(CALLS, NOW).add(*new_counts(time, requests=1), NOW)
    list(again.take_unsaved())
    again.confirm_saved()
    [saved_total] = [first_saved_total for first_saved_total in again.saved_totals() if first_saved_total.key == CALLS]
    assert (saved_total.counters[EndpointCounter.REQUESTS], saved_total.times) == (
        4,
        ResponseTimes(Histogram((1.0, 2.0), (2, 4, 6)), 24.0),
    )


def test_totals_are_bounded_and_the_silent_are_removed_first(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.ingest.totals.MAX_TOTALS", 2)
    totals = Totals()
    first, second, third = (CALLS._replace(service=name) for name in ("a", "b", "c"))
    for at, key in enumerate((first, second)):
        totals.total(key, Instant(at)).add(*new_counts(requests=1), Instant(at))
    totals.total(first, NOW).add(*new_counts(requests=1), NOW)
    totals.total(third, NOW).add(*new_counts(requests=1), NOW)
    list(totals.take_unsaved())
    totals.confirm_saved()
    assert set(requests(totals)) == {first, third}
