"""The cluster query language: what it reads, what it refuses and where, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.expressions.cluster_query.evaluate import InstanceFacts, PatternTooSlow, satisfies
from moyai.expressions.cluster_query.parse import InvalidClusterQuery, parse_cluster_query
from moyai.expressions.cluster_query.syntax import (
    WITH_LIST,
    Alternative,
    ClusterQuery,
    Conjunction,
    Negation,
    Operator,
    SubjectComparison,
)
from moyai.kernel.clock import Instant

HERE = InstanceFacts(
    attributes={"stack": "prod", "ecs.instance-type": "t3.large", "gpu": "", "ecs.availability-zone": "us-east-1a"},
    agent_version="1.88.0",
    ec2_instance_id="i-0123456789abcdef0",
    registered_at=Instant(1_529_360_908),  # 2018-06-18T22:28:28Z
    running_tasks=3,
    groups=frozenset({"service:web", "databases"}),
)

TRUE = (
    "attribute:stack == prod",
    "attribute:stack==prod",
    "attribute:stack equals 'prod'",
    'attribute:stack in [dev, "prod"]',
    "attribute:stack not_in [dev,test]",
    "attribute:stack !in [dev]",
    "attribute:stack exists",
    "attribute:none !exists",
    "attribute:none not_exists",
    "attribute:gpu exists",
    "attribute:none != prod",
    "attribute:none !~ p.*",
    "attribute:ecs.instance-type =~ t3.*",
    "attribute:ecs.instance-type matches (t3|m5).(large|small)",
    "attribute:ecs.instance-type not_matches t3",
    "agentConnected == true",
    "agentVersion >= 1.9",
    "agentVersion == 1.88",
    "agentVersion =~ 1\\.8.*",
    "registeredAt == 2018-06-18T22:28:28Z",
    "registeredAt == 2018-06-18T22:28:28+00:00",
    "registeredAt < 2018-06-18T22:28:28-01:00",
    "registeredAt greater_than 2018-06-18",
    "registeredAt less_than 2018-06-18T22:28:29",
    "registeredAt in [2018-06-18, 2018-06-18T22:28:28Z]",
    "runningTasksCount == 3",
    "runningTasksCount greater_than_equal 3 and runningTasksCount less_than_equal 3",
    "runningTasksCount < 10 && runningTasksCount > 2",
    "ec2InstanceId in ['i-0123456789abcdef0', 'i-1']",
    "task:group == databases",
    "not(task:group == cache)",
    "!(task:group == cache)",
    "attribute:stack == dev or attribute:stack == prod and runningTasksCount == 3",
    "(attribute:stack == dev || attribute:stack == prod) && task:group exists",
    "attribute:stack == dev||attribute:stack == prod",
)
FALSE = (
    "attribute:stack == Prod",
    "attribute:stack != prod",
    "attribute:none == prod",
    "attribute:none =~ .*",
    "attribute:ecs.instance-type =~ t3",
    "attribute:stack == prod and attribute:stack == dev or runningTasksCount == 4",
    "not attribute:stack == prod",
    "not not not attribute:stack == prod",
    "task:group != databases",
    "agentVersion < 1.9",
    "agentConnected != true",
    "runningTasksCount in [1, 2]",
)
WRONG = (
    ("", "At character 1 of the expression, one of"),
    ("attribute: == a", "At character 11 of the expression, the name of an attribute"),
    ("stack == prod", "At character 1"),
    ("attribute:stack", "At character 16 of the expression, an operator is due, not 'the end'"),
    ("attribute:stack is prod", "an operator"),
    ("attribute:stack ==", "a value"),
    ("attribute:stack == 'prod", "a value that ends with '"),
    ("attribute:stack == prod dev", "At character 25 of the expression, &&, || or the end is due"),
    ("(attribute:stack == prod", ") is due"),
    ("attribute:stack == prod)", "&&, || or the end"),
    ("attribute:stack in prod", "[ is due"),
    ("attribute:stack in [a b]", ", or ] is due"),
    ("attribute:stack in []", "a value"),
    ("attribute:stack > prod", "The operator > at character 17 can't be used with attribute:stack"),
    ("task:group >= a", "can't be used with task:group"),
    ("registeredAt > yesterday", "registeredAt can't be compared with 'yesterday', which is not a date"),
    ("registeredAt > 2018-13-18", "not a date"),
    ("runningTasksCount == many", "not a number"),
    ("agentVersion > new", "not a version"),
    ("agentConnected == yes", "not true or false"),
    ("attribute:stack =~ (", "is no regular expression"),
    ("attribute:stack == prod &&", "one of"),
    ("attribute:stack == " + "a" * 300, "longer than 256 characters"),
    ("attribute:stack == a" + " " * 2000, "longer than 2000 characters"),
    ("(" * 60 + "attribute:stack exists" + ")" * 60, "nests deeper"),
    ("attribute:stack in [" + ",".join("a" * 101) + "]", "at most 100 values"),
)


@pytest.mark.parametrize("text", TRUE)
def test_satisfied_expressions(text):
    assert satisfies(HERE, parse_cluster_query(text))


@pytest.mark.parametrize("text", FALSE)
def test_unsatisfied_expressions(text):
    assert not satisfies(HERE, parse_cluster_query(text))


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_syntax_error_is_reported_with_its_position(text, message):
    with pytest.raises(InvalidClusterQuery) as exc_info:
        parse_cluster_query(text)
    assert message in str(exc_info.value)


def test_and_binds_closer_than_or():
    one, two, three = (SubjectComparison(f"attribute:{name}", Operator.EXISTS) for name in "abc")
    read = parse_cluster_query("attribute:a exists || attribute:b exists && not attribute:c exists")
    assert read == Alternative((one, Conjunction((two, Negation(three)))))


def test_a_slow_pattern_times_out():
    slow = InstanceFacts(attributes={"stack": "a" * 100 + "c"})
    with pytest.raises(PatternTooSlow):
        satisfies(slow, parse_cluster_query("attribute:stack =~ (a|aa|aaa|a+)+(a|aa)+b(?=x)\\1?"))


_TEXT = st.text("abcz019.-_ ()[],|&!='", min_size=1, max_size=8).filter(lambda t: "'" not in t or '"' not in t)
_NAMES = st.sampled_from(["stack", "ecs.instance-type", "gpu", "none"]).map("attribute:{}".format)


def _comparisons() -> st.SearchStrategy[ClusterQuery]:
    text = st.sampled_from(["prod", "t3.large", ""]) | _TEXT
    text = text.filter(bool)
    equal = st.builds(
        SubjectComparison,
        _NAMES | st.sampled_from(["task:group", "ec2InstanceId"]),
        st.sampled_from([Operator.EQUALS, Operator.NOT_EQUALS]),
        st.tuples(text),
    )
    listed = st.builds(
        SubjectComparison,
        _NAMES,
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.lists(text, min_size=1, max_size=3).map(tuple),
    )
    there = st.builds(SubjectComparison, _NAMES, st.sampled_from([Operator.EXISTS, Operator.NOT_EXISTS]), st.just(()))
    ordered = st.builds(
        SubjectComparison,
        st.just("runningTasksCount"),
        st.sampled_from([o for o in Operator if o not in {Operator.EXISTS, Operator.NOT_EXISTS}][:6]),
        st.integers(0, 6).map(lambda n: (str(n),)),
    )
    return equal | listed | there | ordered


def _expressions() -> st.SearchStrategy[ClusterQuery]:
    return st.recursive(
        _comparisons(),
        lambda inner: (
            st.builds(Negation, inner)
            | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Conjunction(tuple(parts)))
            | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Alternative(tuple(parts)))
        ),
        max_leaves=8,
    )


def text_of(query: ClusterQuery) -> str:
    """The query in its shorter notation."""
    match query:
        case SubjectComparison(subject, operator, values):
            quoted = [f"'{value}'" if "'" not in value else f'"{value}"' for value in values]
            return " ".join((subject, operator, *([f"[{', '.join(quoted)}]"] if operator in WITH_LIST else quoted)))
        case Negation(inner):
            return f"!({text_of(inner)})"
        case Conjunction(parts):
            return " && ".join(_in_parentheses(part) for part in parts)
        case Alternative(parts):
            return " || ".join(_in_parentheses(part) for part in parts)


def _in_parentheses(query: ClusterQuery) -> str:
    text = text_of(query)
    return text if isinstance(query, SubjectComparison) else f"({text})"


@given(_expressions())
def test_written_expressions_are_parsed_back(expression):
    assert parse_cluster_query(text_of(expression)) == expression


@given(_expressions())
def test_evaluation_equals_a_naive_evaluation(expression):
    assert satisfies(HERE, expression) == _naive(expression)


def _naive(expression: ClusterQuery) -> bool:
    match expression:
        case Negation(inner):
            return not _naive(inner)
        case Conjunction(parts):
            return not any(not _naive(part) for part in parts)
        case Alternative(parts):
            return bool([part for part in parts if _naive(part)])
        case SubjectComparison(subject, operator, values):
            return _compare(subject, operator, values)


def _compare(subject: str, operator: Operator, values: tuple[str, ...]) -> bool:
    if subject == "runningTasksCount":
        count, limit = 3, int(values[0])
        signs = {
            "==": count == limit,
            "!=": count != limit,
            ">": count > limit,
            ">=": count >= limit,
            "<": count < limit,
            "<=": count <= limit,
        }
        return signs[operator]
    name = subject.removeprefix("attribute:")
    own = {"task:group": set(HERE.groups), "ec2InstanceId": {HERE.ec2_instance_id}}.get(subject)
    if own is None:
        own = {HERE.attributes[name]} if name in HERE.attributes else set()
    if operator in {Operator.EXISTS, Operator.NOT_EXISTS}:
        return bool(own) == (operator is Operator.EXISTS)
    return bool(own & set(values)) == (operator in {Operator.EQUALS, Operator.IN})


@given(st.text("attribue:stckogpRAN()[]'\"!=~<>&| 019.-\\", max_size=60))
def test_any_text_is_parsed_or_refused(text):
    try:
        parse_cluster_query(text)
    except InvalidClusterQuery:
        return
