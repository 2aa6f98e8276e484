"""SEARCH: which metrics are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.metric import metric_id
from moyai.expressions.metric_search.search import parse_search, short_names
from moyai.expressions.metric_search.words import contains_words

FRONT = metric_id("AWS/ECS", "CPUUtilization", [("ClusterName", "shop"), ("ServiceName", "front")])
CART = metric_id("AWS/ECS", "MemoryUtilization", [("ClusterName", "shop"), ("ServiceName", "cart-v2")])
CLUSTER = metric_id("AWS/ECS", "CPUUtilization", [("ClusterName", "shop")])
OWN = metric_id("My Space", "Orders(open)", [("Colour@", "front")])
NAMES = {"front": FRONT, "cart": CART, "cluster": CLUSTER, "own": OWN}


@pytest.mark.parametrize(
    ("term", "name", "found"),
    [
        ("count", "CustomCount1", True),
        ("Count", "CustomCount1", True),
        ("COUNT", "CustomCount1", True),
        ("couNT", "CustomCount1", False),
        ("CustomCount", "CustomCount1", True),
        ("Count1", "CustomCount1", True),
        ("customcount", "CustomCount1", False),
        ("count1", "CustomCount1", False),
        ("customcount1", "CustomCount1", True),
        ("1", "CustomCount1", True),
        ("failure", "SDBFailure", True),
        ("sdb", "SDBFailure", True),
        ("trial", "Project2-trial333", True),
        ("project2trial333", "Project2-trial333", True),
        ("network/errors", "Network-Errors-2", True),
        ("network+errors", "NetworkErrors2", True),
        ("Network_Errors", "NetworkErrors2", True),
        ("errors network", "NetworkErrors2", False),
        ("micro", "t2.micro", True),
        ("mic", "t2.micro", False),
        ("--", "a--b", False),
        ("my-Count1", "My.CustomCount1", False),
        ("my-Count1", "My.Count1.x", True),
        ("my-count1", "My.Count1.x", False),
        ("Count1-errors", "my.Count1Errors", True),
    ],
)
def test_a_term_matches_as_in_the_guide(term, name, found):
    assert contains_words(term, name) is found


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("{AWS/ECS,ClusterName,ServiceName}", "front cart"),
        ("{AWS/ECS, ServiceName, ClusterName}", "front cart"),
        ("{AWS/ECS,ClusterName}", "cluster"),
        ("{AWS/ECS}", "front cart cluster"),
        ('{AWS/ECS,ClusterName,ServiceName} MetricName="CPUUtilization"', "front"),
        ('{AWS/ECS,ClusterName,ServiceName}, MetricName="CPUUtilization"', "front"),
        (' {"My Space","Colour@"} "Orders\\(open\\)" ', "own"),
        ("cpu", "front cluster"),
        ("utilization NOT ServiceName=front", "cart cluster"),
        ("NOT Namespace=AWS", "own"),
        ('"front"', "front own"),
        ("ServiceName=cart", "cart"),
        ('ServiceName="cart"', ""),
        ('ServiceName="cart-v2"', "cart"),
        ("MetricName=CPU OR MetricName=Orders", "front cluster own"),
        ("cpu AND front", "front"),
        ("cpu front", "front"),
        ("(cart OR front) MetricName=Memory", "cart"),
        ("MetricName=Orders OR (cpu AND (front OR cart))", "front own"),
        ("cpu and front", ""),
        ("NOT NOT cart", "cart"),
        ("ServiceName", "front cart"),
    ],
)
def test_a_search_finds(criteria, found):
    search = parse_search(criteria)
    assert " ".join(name for name, metric in NAMES.items() if search.matches(metric)) == found


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ("", "schema, a search term"),
        ("{}", "metric schema"),
        ("{AWS/ECS,}", "metric schema"),
        ("{AWS/ECS ClusterName}", "metric schema"),
        ("(cpu", r"lacks a '\)'"),
        ("cpu)", r"'\)' where it should end"),
        ("cpu AND", "nothing where a term is due"),
        ("OR cpu", "where a term is due"),
        ("ServiceName=", "nothing where"),
        ('"cpu', "quote that is not closed"),
        ("x" * 1025, "1,024"),
        ("NOT " * 60 + "x", "deeper than 50"),
        (":aws.AccountId = 'LOCAL'", "accounts are not linked"),
    ],
)
def test_invalid_searches_are_refused(criteria, message):
    with pytest.raises(ValidationFault, match=message):
        parse_search(criteria)


def test_a_long_term_among_near_matches_is_found_quickly():
    assert not contains_words("a1" * 256 + "b", "a1" * 512)
    assert contains_words("a1" * 256 + "b", "a1" * 512 + "b")


@given(st.text(st.sampled_from('aB1 (){}"\\=,-NOTANDOR'), max_size=40))
def test_any_criteria_are_parsed_or_refused(criteria):
    try:
        search = parse_search(criteria)
    except ValidationFault:
        return
    for metric in NAMES.values():
        search.matches(metric)


@given(st.from_regex(r"[A-Za-z0-9_-]{0,12}[A-Za-z0-9]", fullmatch=True))
def test_every_name_matches_itself(name):
    assert contains_words(name, name)


def test_short_names_contain_only_distinguishing_parts():
    assert short_names([FRONT, CART]) == ("front CPUUtilization", "cart-v2 MemoryUtilization")
    assert short_names([FRONT, FRONT]) == ("CPUUtilization", "CPUUtilization")
    assert short_names([FRONT, CLUSTER]) == ("front", "CPUUtilization")
    assert short_names([]) == ()
