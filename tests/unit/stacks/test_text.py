"""The text of templates."""

from __future__ import annotations

import pytest

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import MAX_DEPTH, parse_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Vpc", {"Ref": "Vpc"}),
        ("!GetAtt Vpc.CidrBlock", {"Fn::GetAtt": ["Vpc", "CidrBlock"]}),
        ("!GetAtt [Vpc, CidrBlock]", {"Fn::GetAtt": ["Vpc", "CidrBlock"]}),
        ("!GetAtt Nested.Outputs.Url", {"Fn::GetAtt": ["Nested", "Outputs.Url"]}),
        ("!Sub '${A}'", {"Fn::Sub": "${A}"}),
        ("!Join ['', [a, !Ref B]]", {"Fn::Join": ["", ["a", {"Ref": "B"}]]}),
        ("!If [Yes, 1, !Ref AWS::NoValue]", {"Fn::If": [True, 1, {"Ref": "AWS::NoValue"}]}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("012345678901", "012345678901"),
        ("2012-10-17", "2012-10-17"),
        ("10:30", "10:30"),
        ("0x1f", "0x1f"),
        ("80", 80),
        ("-1", -1),
        ("0", 0),
        ("1.5", 1.5),
        ("'80'", "80"),
        ("true", True),
        ("no", False),
        ("'no'", "no"),
        ("!!str 5", "5"),
        ("''", ""),
    ],
)
def test_yaml_has_the_values_of_templates(text, value):
    assert parse_text(f"A: {text}") == {"A": value}


def test_json_and_yaml_are_distinguished():
    assert parse_text(' {"A": {"Ref": "B"}}') == parse_text("A: !Ref B") == {"A": {"Ref": "B"}}


@pytest.mark.parametrize("text", ["A: 1\nA: 2", '{"A": 1, "A": 2}'])
def test_a_repeated_key_has_its_last_value(text):
    assert parse_text(text) == {"A": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A: [1", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("A: 1\n---\nB: 2", "Template format error: YAML not well-formed."),
        ('{"A": 1,}', "Template format error: JSON not well-formed. (line 1, column 9)"),
        ("- a", "Template format error: unsupported structure."),
        ("text", "Template format error: unsupported structure."),
        ("", "Template format error: unsupported structure."),
        ("A:\n  B: [1, null]", "[/A/B/1] 'null' values are not allowed in templates"),
        ("A:", "[/A] 'null' values are not allowed in templates"),
        ('{"A": null}', "[/A] 'null' values are not allowed in templates"),
        ("A: &x 1\nB: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"),
        ("A: " + "[" * 500, f"Template format error: the template has more than {MAX_DEPTH} levels."),
        ('{"A": ' + "[" * 100_000, f"Template format error: the template has more than {MAX_DEPTH} levels."),
        ("A: " + "[" * 101 + "]" * 101, f"Template format error: the template has more than {MAX_DEPTH} levels."),
        ("? [a, b]\n: 1", "Template format error: YAML not well-formed. (line 1, column 3)"),
        ("A: \x07", "Template format error: YAML not well-formed."),
    ],
)
def test_a_malformed_text_is_refused_with_its_place(text, message):
    with pytest.raises(TemplateFault) as caught:
        parse_text(text)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r'{"A": ["\ud800"]}', "[/A/0] has a character that is not Unicode"),
        (r'{"\udfff": 1}', "has a character that is not Unicode"),
        ("A: \ud800", "has a character that is not Unicode"),
        ('{"A": ' + "9" * 5_000 + "}", "the number 99999999999999999999… is too long"),
        ("A: " + "9" * 5_000, "the number 99999999999999999999… is too long"),
        ('{"A": NaN}', "[/A] is not a finite number"),
        ("A: 1e999", "[/A] is not a finite number"),
    ],
)
def test_texts_without_unicode_and_endless_numbers_are_refused(text, message):
    with pytest.raises(TemplateFault) as caught:
        parse_text(text)
    assert message in caught.value.message
