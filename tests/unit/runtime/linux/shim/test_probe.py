"""Health as Docker decides it, from the results and times of probes."""

from __future__ import annotations

import pytest

from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.probe import KILL, START, Prober


def prober(**fields: object) -> Prober:
    defaults = {
        "probe": ("CMD", "true"),
        "interval": 10.0,
        "settled_interval": 10.0,
        "timeout": 3.0,
        "retries": 2,
        "start_period": 0.0,
    }
    return Prober(LaunchConfig(defaults | fields), 100.0)


def answer(health: Prober, at: float, code: int) -> str:
    """The probe that is due at ``at`` answers at once."""
    assert health.due(at) == START
    health.record_start(at)
    health.record_end(code, at)
    return health.health


def test_health_is_unknown_until_the_first_result():
    health = prober()
    assert health.health == "UNKNOWN"
    assert not health.due(109.9)
    assert answer(health, 110.0, 0) == "HEALTHY"
    assert health.deadline() == 120.0


def test_several_failures_make_unhealthy_and_one_success_makes_healthy():
    health = prober()
    codes = [0, 1, 0, 1, 1, 0]
    seen = [answer(health, 110.0 + 10 * n, code) for n, code in enumerate(codes)]
    assert seen == ["HEALTHY", "HEALTHY", "HEALTHY", "HEALTHY", "UNHEALTHY", "HEALTHY"]


def test_failures_in_the_start_period_do_not_count_and_probes_are_frequent():
    health = prober(start_period=20.0)
    assert [answer(health, at, 1) for at in (105.0, 110.0, 115.0)] == ["UNKNOWN"] * 3
    assert [answer(health, at, 1) for at in (120.0, 130.0)] == ["UNKNOWN", "UNHEALTHY"]


def test_after_the_first_success_failures_count_even_in_the_start_period():
    health = prober(start_period=60.0)
    assert answer(health, 105.0, 0) == "HEALTHY"
    assert [answer(health, at, 1) for at in (115.0, 125.0)] == ["HEALTHY", "UNHEALTHY"]


def test_a_probe_that_takes_too_long_has_failed_whatever_its_exit_code():
    health = prober(retries=1)
    assert health.due(110.0) == START
    health.record_start(110.0)
    assert health.deadline() == 113.0
    assert not health.due(112.9)
    assert health.due(113.0) == KILL
    assert not health.due(113.0)  # its end is still to come
    assert health.record_end(0, 113.1)
    assert health.health == "UNHEALTHY"


def test_without_a_probe_no_action_is_due():
    health = prober(probe=())
    assert health.deadline() is None
    assert not health.due(1e9)


@pytest.mark.parametrize(("code", "changed"), [(0, True), (1, False)])
def test_a_change_of_health_is_reported(code, changed):
    health = prober()
    health.record_start(110.0)
    assert health.record_end(code, 110.0) is changed
