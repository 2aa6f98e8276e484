from __future__ import annotations

import pytest

from moyai.delegate.settings import DelegateChoice, parse_delegates


@pytest.mark.parametrize(
    ("options", "choice"),
    [
        ([], DelegateChoice()),
        (["http://127.0.0.1:4510"], DelegateChoice("http://127.0.0.1:4510")),
        (["s3=http://a:9000,sqs=https://b"], DelegateChoice(urls={"s3": "http://a:9000", "sqs": "https://b"})),
        (["none", "s3=http://a:9000/x?y=z"], DelegateChoice(urls={"s3": "http://a:9000/x?y=z"}, embedded=False)),
    ],
    ids=["nothing", "one server for all", "a server for each service", "none but one"],
)
def test_the_values_of_the_option_make_a_choice(options, choice):
    assert parse_delegates(options) == choice


@pytest.mark.parametrize("option", ["", "s3", "s3=9000", "S3=http://a", "ftp://a", "http://a,"])
def test_a_value_that_names_no_server_is_refused(option):
    with pytest.raises(ValueError, match="nor none"):
        parse_delegates([option])
