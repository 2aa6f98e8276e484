"""The tags that tune a service: what each can be, and what it is refused with."""

from __future__ import annotations

import re

import pytest

from moyai.domain.connect.tuning import SETTINGS, Balancing, HashOn, LoadBalancing, Tuning, tuning_of
from moyai.domain.own_tags import fault_in

RIGHT = [
    ("moyai:retries", "0", Tuning(retries=0)),
    ("moyai:retries", "off", Tuning(retries=0)),
    ("moyai:retries", "10", Tuning(retries=10)),
    ("moyai:retry-on", "reset  503 reset", Tuning(retry_on=("reset", "503"))),
    ("moyai:retry-methods", "all", Tuning(retry_any_method=True)),
    ("moyai:retry-methods", "repeatable", Tuning(retry_any_method=False)),
    ("moyai:per-try-timeout", "250ms", Tuning(per_try_timeout=0.25)),
    ("moyai:connect-timeout", "1.5s", Tuning(connect_timeout=1.5)),
    ("moyai:outlier-failures", "off", Tuning(outlier_failures=0)),
    ("moyai:outlier-failures", "1000", Tuning(outlier_failures=1000)),
    ("moyai:outlier-interval", "1ms", Tuning(outlier_interval=0.001)),
    ("moyai:outlier-base-ejection", "3600s", Tuning(outlier_base_ejection=3600)),
    ("moyai:outlier-max-ejection-percent", "0", Tuning(outlier_max_ejection_percent=0)),
    ("moyai:load-balancing", "round-robin", Tuning(load_balancing=LoadBalancing(Balancing.ROUND_ROBIN))),
    ("moyai:load-balancing", "least-request", Tuning(load_balancing=LoadBalancing(Balancing.LEAST_REQUEST))),
    (
        "moyai:load-balancing",
        "consistent-hash:header=X-User",
        Tuning(load_balancing=LoadBalancing(Balancing.CONSISTENT_HASH, HashOn("header", "x-user"))),
    ),
    (
        "moyai:load-balancing",
        "consistent-hash:cookie=Sid",
        Tuning(load_balancing=LoadBalancing(Balancing.CONSISTENT_HASH, HashOn("cookie", "Sid"))),
    ),
    ("moyai:streaming", "/a/b /c.D/E", Tuning(streaming=("/a/b", "/c.D/E"))),
    ("moyai:streaming", "/a /", Tuning(streaming=("/",))),
]
WRONG = {
    "moyai:retries": ("", "many", "-1", "11", "1.0", "OFF", "²"),
    "moyai:retry-on": ("", " ", "5xx", "503,504", "399", "600", "Reset"),
    "moyai:retry-methods": ("", "GET"),
    "moyai:per-try-timeout": ("", "1", "0s", "0.1ms", "3601s", "1m", "1 s", "-1s", "1.s", "infs", "1e3s"),
    "moyai:connect-timeout": ("off",),
    "moyai:outlier-failures": ("0", "1001", "five"),
    "moyai:outlier-interval": ("0ms",),
    "moyai:outlier-base-ejection": ("1h",),
    "moyai:outlier-max-ejection-percent": ("101", "50%", "-1"),
    "moyai:load-balancing": (
        "",
        "random",
        "consistent-hash",
        "consistent-hash:header",
        "consistent-hash:header=",
        "consistent-hash:header=:path",
        "consistent-hash:cookie=a b",
        "consistent-hash:path=x",
        "consistent-hash:header=" + "x" * 65,
    ),
    "moyai:streaming": ("", "events", "/a/", "//", "/a?b", "/a#", "/a /b/", "/a*"),
}


@pytest.mark.parametrize(("key", "value", "tuning"), RIGHT)
def test_each_tag_sets_its_value(key, value, tuning):
    assert fault_in("service", {key: value}) is None
    assert tuning_of({key: value, "else": "1"}) == tuning


def test_every_setting_has_a_valid_and_an_invalid_example():
    assert {key for key, _, _ in RIGHT} == WRONG.keys() == SETTINGS.keys()


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_an_invalid_value_is_refused_with_the_allowed_ones(key, value):
    assert fault_in("service", {key: value}) == f"The tag {key} must be {SETTINGS[key].allowed}, not {value!r}."
    assert tuning_of({key: value}) == Tuning()


@pytest.mark.parametrize("key", ["moyai:retry", "moyai:", "Moyai:retries", "moyai:retries "])
def test_a_misspelt_key_is_refused_with_the_known_ones(key):
    fault = fault_in("service", {key: "1"})
    assert fault is not None
    assert fault.startswith(f"The tag {key} is no setting of moyai. A service can have moyai:retries, ")


@pytest.mark.parametrize("kind", ["task", "task-definition"])
def test_other_resources_cannot_be_tuned(kind):
    fault = f"The tag moyai:retries is no setting of moyai. There is none for a {kind}."
    assert fault_in(kind, {"moyai:retries": "1"}) == fault


def test_tuning_tags_are_valid_on_aws():
    for key, value, _ in RIGHT:
        assert re.fullmatch(r"[A-Za-z0-9 +=._:/@-]{1,256}", f"{key}{value}")
