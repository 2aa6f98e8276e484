"""CloudWatch Logs with boto3."""

from __future__ import annotations

import pytest

from moyai.kernel.clock import later
from tests.contract.api.asking import refusal

GROUP, STREAM = "/shop/front", "web/app/1"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"
DAY = 86400 * 1000


@pytest.fixture
def logs(installation):
    return installation.client("logs")


@pytest.fixture
def stream(logs):
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return {"logGroupName": GROUP, "logStreamName": STREAM}


@pytest.fixture
def now(installation):
    return int(installation.now * 1000)


def put(logs, stream, *events):
    return logs.put_log_events(**stream, logEvents=[{"timestamp": at, "message": text} for at, text in events])


def messages_of(answer):
    return [event["message"] for event in answer["events"]]


class TestGroups:
    def test_are_made_shown_and_deleted(self, logs, installation):
        logs.create_log_group(logGroupName=GROUP, tags={"a": "b"})
        assert refusal(logs.create_log_group, logGroupName=GROUP) == (
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        )
        (group,) = logs.describe_log_groups(logGroupNamePrefix="/shop")["logGroups"]
        assert (group["arn"], group["logGroupArn"], group["storedBytes"]) == (f"{ARN}:*", ARN, 0)
        assert group["creationTime"] == int(installation.now * 1000)
        assert "retentionInDays" not in group
        logs.delete_log_group(logGroupName=GROUP)
        assert refusal(logs.delete_log_group, logGroupName=GROUP) == (
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        )

    def test_belong_to_an_account(self, installation, logs, stream):
        other = installation.client("logs", key="999999999999")
        assert other.describe_log_groups()["logGroups"] == []
        assert refusal(other.describe_log_streams, logGroupIdentifier=ARN)[0] == "ResourceNotFoundException"

    def test_are_listed_by_page_pattern_and_identifier(self, logs):
        for name in ("b", "a", "Ab", "c/AB"):
            logs.create_log_group(logGroupName=name)
        pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
        assert [[g["logGroupName"] for g in page["logGroups"]] for page in pages] == [["Ab", "a", "b"], ["c/AB"]]
        assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePattern="aB")["logGroups"]] == [
            "Ab",
            "c/AB",
        ]
        assert len(logs.describe_log_groups(logGroupIdentifiers=["a", "b"])["logGroups"]) == 2
        assert refusal(logs.describe_log_groups, nextToken="x")[0] == "InvalidParameterException"
        both = {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}
        assert refusal(logs.describe_log_groups, **both)[0] == "InvalidParameterException"

    def test_keep_events_for_their_retention(self, logs, installation, stream, now):
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
        assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 1
        put(logs, stream, (now, "new"))
        installation.clock.turn_to(later(installation.now, 86401))
        assert messages_of(logs.get_log_events(**stream)) == []
        assert messages_of(logs.filter_log_events(logGroupName=GROUP)) == []
        logs.delete_retention_policy(logGroupName=GROUP)
        assert messages_of(logs.get_log_events(**stream)) == ["new"]
        code, message = refusal(logs.put_retention_policy, logGroupName=GROUP, retentionInDays=2)
        assert code == "InvalidParameterException"
        assert "Member must satisfy enum value set: [1, 3, 5, 7" in message

    def test_may_be_protected(self, logs, stream):
        logs.put_log_group_deletion_protection(logGroupIdentifier=ARN, deletionProtectionEnabled=True)
        assert refusal(logs.delete_log_group, logGroupName=GROUP)[0] == "ValidationException"
        assert refusal(logs.delete_log_stream, **stream)[0] == "ValidationException"

    def test_a_recreated_group_has_no_old_events(self, logs, stream, now):
        put(logs, stream, (now, "old"))
        logs.delete_log_group(logGroupName=GROUP)
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(**stream)
        assert messages_of(logs.get_log_events(**stream)) == []
        assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 0

    def test_have_tags(self, logs, stream):
        logs.tag_resource(resourceArn=ARN, tags={"a": "1", "b": "2"})
        logs.tag_log_group(logGroupName=GROUP, tags={"c": "3"})
        logs.untag_resource(resourceArn=ARN, tagKeys=["a"])
        logs.untag_log_group(logGroupName=GROUP, tags=["b", "none"])
        assert logs.list_tags_for_resource(resourceArn=ARN)["tags"] == {"c": "3"}
        assert logs.list_tags_log_group(logGroupName=GROUP)["tags"] == {"c": "3"}
        many = {f"k{n}": "" for n in range(50)}
        assert refusal(logs.tag_resource, resourceArn=ARN, tags=many)[0] == "TooManyTagsException"
        assert refusal(logs.tag_resource, resourceArn=ARN, tags={"aws:x": ""})[0] == "InvalidParameterException"
        assert (
            refusal(logs.tag_resource, resourceArn="arn:aws:ecs:a:b:c", tags={"x": ""})[0]
            == "InvalidParameterException"
        )

    @pytest.mark.parametrize("name", ["aws/x", "AWS/x", "a b", "a:b", ""])
    def test_have_names_of_allowed_characters(self, logs, name):
        assert refusal(logs.create_log_group, logGroupName=name)[0] == "InvalidParameterException"


class TestStreams:
    def test_are_listed_by_name_and_by_time(self, logs, stream, now):
        logs.create_log_stream(logGroupName=GROUP, logStreamName="a")
        logs.create_log_stream(logGroupName=GROUP, logStreamName="zz")
        put(logs, stream, (now - 5, "x"), (now, "y"))
        put(logs, {**stream, "logStreamName": "a"}, (now - 1, "x"))
        names = [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=GROUP)["logStreams"]]
        assert names == ["a", STREAM, "zz"]
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupIdentifier=ARN, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1}
        )
        listed = [s for page in pages for s in page["logStreams"]]
        assert [s["logStreamName"] for s in listed] == [STREAM, "a", "zz"]
        assert (listed[0]["firstEventTimestamp"], listed[0]["lastEventTimestamp"]) == (now - 5, now)
        assert listed[0]["arn"] == f"{ARN}:log-stream:{STREAM}"
        assert "lastEventTimestamp" not in listed[2]
        params = {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"}
        assert refusal(logs.describe_log_streams, **params)[0] == "InvalidParameterException"

    def test_are_unique_and_can_be_deleted(self, logs, stream):
        assert refusal(logs.create_log_stream, **stream)[0] == "ResourceAlreadyExistsException"
        logs.delete_log_stream(**stream)
        assert refusal(logs.get_log_events, **stream) == (
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        )

    @pytest.mark.parametrize("given", [{}, {"logGroupName": GROUP, "logGroupIdentifier": GROUP}])
    def test_require_one_identifier_of_their_group(self, logs, stream, given):
        assert refusal(logs.describe_log_streams, **given)[0] == "InvalidParameterException"


class TestPutting:
    def test_events_that_are_too_old_or_too_new_are_rejected(self, logs, stream, now):
        old, early, late = now - 15 * DAY, now - 8 * DAY, now + DAY // 6
        answer = put(logs, stream, (old, "a"), (now, "b"), (late, "c"))
        assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
        answer = put(logs, stream, (early, "d"), (now, "e"))
        assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
        assert messages_of(logs.get_log_events(**stream)) == ["b", "e"]
        assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 2 * 27

    @pytest.mark.parametrize(
        ("events", "words"),
        [
            ([(5, "a"), (4, "b")], "chronological"),
            ([(-DAY - 1, "a"), (0, "b")], "24 hours"),
            ([(0, "x" * 524_288), (0, "x" * 524_288)], "Upload too large: 1048628 bytes exceeds limit of 1048576"),
            ([(0, "x" * 1_048_577)], "Log event too large: 1048577 bytes exceeds limit of 1048576"),
            ([(0, "")], "message"),
            ([], "logEvents"),
            ([(0, "x")] * 10_001, "logEvents"),
        ],
    )
    def test_a_batch_that_breaks_a_rule_is_refused_whole(self, logs, stream, now, events, words):
        given = [{"timestamp": now + at, "message": text} for at, text in events]
        code, message = refusal(logs.put_log_events, **stream, logEvents=given)
        assert code == "InvalidParameterException"
        assert words in message
        assert messages_of(logs.get_log_events(**stream)) == []

    def test_any_sequence_token_is_accepted(self, logs, stream, now):
        given = [{"timestamp": now, "message": "x"}]
        answer = logs.put_log_events(**stream, logEvents=given, sequenceToken="none")
        assert answer["nextSequenceToken"]
        assert "rejectedLogEventsInfo" not in answer


class TestGetting:
    def test_pages_in_both_directions(self, logs, stream, now):
        put(logs, stream, *((now + n, str(n)) for n in range(6)))
        last = logs.get_log_events(**stream, limit=2)
        assert messages_of(last) == ["4", "5"]
        before = logs.get_log_events(**stream, limit=2, nextToken=last["nextBackwardToken"])
        assert messages_of(before) == ["2", "3"]
        again = logs.get_log_events(**stream, limit=2, nextToken=before["nextForwardToken"])
        assert messages_of(again) == ["4", "5"]
        end = logs.get_log_events(**stream, nextToken=again["nextForwardToken"])
        assert (messages_of(end), end["nextForwardToken"]) == ([], again["nextForwardToken"])
        put(logs, stream, (now + 9, "more"))
        assert messages_of(logs.get_log_events(**stream, nextToken=end["nextForwardToken"])) == ["more"]
        first = logs.get_log_events(**stream, startFromHead=True, limit=1)
        top = logs.get_log_events(**stream, nextToken=first["nextBackwardToken"])
        assert (messages_of(top), top["nextBackwardToken"]) == ([], first["nextBackwardToken"])

    def test_respects_start_and_end_time(self, logs, stream, now):
        put(logs, stream, *((now + n, str(n)) for n in range(6)))
        assert messages_of(logs.get_log_events(**stream, startTime=now + 1, endTime=now + 3)) == ["1", "2"]
        assert refusal(logs.get_log_events, **stream, startTime=3, endTime=1)[0] == "InvalidParameterException"

    def test_an_empty_stream_has_tokens(self, logs, stream, now):
        answer = logs.get_log_events(**stream)
        assert answer["events"] == []
        put(logs, stream, (now, "x"))
        assert messages_of(logs.get_log_events(**stream, nextToken=answer["nextForwardToken"])) == ["x"]

    @pytest.mark.parametrize("token", ["x", "f/1", "f/1.2x", "c/1.2", "f/" + "9" * 30 + ".1"])
    def test_refuses_invalid_tokens(self, logs, stream, token):
        assert refusal(logs.get_log_events, **stream, nextToken=token)[0] == "InvalidParameterException"


class TestFiltering:
    @pytest.fixture
    def many(self, logs, stream, now):
        for name in ("a1", "a2", "b1"):
            logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
            put(
                logs,
                {**stream, "logStreamName": name},
                *((now + n, f"{name} {'ERROR' if n == 2 else 'x'} {n}") for n in range(4)),
            )

    def test_finds_in_all_streams_in_order(self, logs, many):
        answer = logs.filter_log_events(logGroupName=GROUP, filterPattern="ERROR")
        assert messages_of(answer) == ["a1 ERROR 2", "a2 ERROR 2", "b1 ERROR 2"]
        assert [event["logStreamName"] for event in answer["events"]] == ["a1", "a2", "b1"]
        assert "nextToken" not in answer
        assert len({event["eventId"] for event in answer["events"]}) == 3

    def test_pages_have_everything_once(self, logs, many):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupIdentifier=ARN, logStreamNamePrefix="a", PaginationConfig={"PageSize": 3}
        )
        seen = [text for page in pages for text in messages_of(page)]
        assert (len(seen), len(set(seen))) == (8, 8)

    def test_newest_first(self, logs, many):
        answer = logs.filter_log_events(logGroupName=GROUP, startFromHead=False, limit=2, logStreamNames=["a1"])
        assert messages_of(answer) == ["a1 x 3", "a1 ERROR 2"]
        rest = logs.filter_log_events(
            logGroupName=GROUP, startFromHead=False, logStreamNames=["a1"], nextToken=answer["nextToken"]
        )
        assert messages_of(rest) == ["a1 x 1", "a1 x 0"]

    def test_follows_like_aws_logs_tail(self, logs, stream, now):
        """The AWS CLI's ``logs tail --follow`` asks again from its last event on, and drops the ids it has seen."""
        put(logs, stream, (now, "one"), (now, "two"))
        first = logs.filter_log_events(logGroupName=GROUP, startTime=now, interleaved=True)
        put(logs, stream, (now, "three"), (now + 1, "four"))
        then = logs.filter_log_events(logGroupName=GROUP, startTime=now, interleaved=True)
        event_ids = {event["eventId"] for event in first["events"]}
        assert [event["message"] for event in then["events"] if event["eventId"] not in event_ids] == ["three", "four"]

    @pytest.mark.parametrize(
        "asked",
        [
            {"logStreamNames": ["a1"], "logStreamNamePrefix": "a"},
            {"filterPattern": "{ $.a"},
            {"filterPattern": "%(a)%"},
            {"filterPattern": "[a, b"},
            {"nextToken": "x"},
            {"startTime": 5, "endTime": 4},
            {"limit": 10_001},
            {"unmask": True},
        ],
    )
    def test_refuses(self, logs, many, asked):
        assert refusal(logs.filter_log_events, logGroupName=GROUP, **asked)[0] == "InvalidParameterException"
