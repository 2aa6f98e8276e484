"""REST XML: bodies that are no document of the operation's, and the two forms of errors."""

from __future__ import annotations

import pytest

from moyai.api.models import load_models
from moyai.api.wire.http import HttpRequest
from moyai.api.wire.rest_xml import RestXml
from moyai.api.wire.unknown_members import collect_unknown_members
from moyai.api.wire.xml_input import MAX_DEPTH, MAX_ELEMENTS, InvalidXml
from moyai.kernel.errors import AccessDenied
from tests.contract.wire import peer

ROUTE53 = peer.MODELS["route53"]
CREATE, CHANGE = (ROUTE53.operation_model(name) for name in ("CreateHostedZone", "ChangeResourceRecordSets"))


def parse(body: bytes, operation=CREATE, path="/2013-04-01/hostedzone"):
    return RestXml(ROUTE53).parse(operation, HttpRequest("POST", path, "", {}, body))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<CreateHostedZoneRequest>", "no element found"),
        (b"not xml", "syntax error"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "the root element is 'a'"),
        (b'<?xml version="1.0" encoding="none-such"?><a/>', "the root element is 'a'"),
        (b"<DeleteHostedZoneRequest/>", "the root element is 'DeleteHostedZoneRequest'"),
        (b'<!DOCTYPE a [<!ENTITY b "cc">]><CreateHostedZoneRequest/>', "document type declaration"),
        (b"<a>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"<CreateHostedZoneRequest>" + b"<a/>" * MAX_ELEMENTS, f"more than {MAX_ELEMENTS} elements"),
        (
            b"<CreateHostedZoneRequest><Name><a/></Name></CreateHostedZoneRequest>",
            "Name: expected text, not the element 'a'",
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_body_that_is_no_input_is_refused(body, words):
    with pytest.raises(InvalidXml, match=words) as caught:
        parse(body)
    assert caught.value.code == "InvalidInput"


def test_a_misfit_names_its_place_in_the_document():
    ttl = b"<ResourceRecordSet><TTL>soon</TTL></ResourceRecordSet>"
    changes = b"<Changes><Change><Action>CREATE</Action></Change><Change>" + ttl + b"</Change></Changes>"
    body = (
        b"<ChangeResourceRecordSetsRequest><ChangeBatch>"
        + changes
        + b"</ChangeBatch></ChangeResourceRecordSetsRequest>"
    )
    with pytest.raises(
        InvalidXml, match=r"^ChangeBatch\.Changes\[1\]\.ResourceRecordSet\.TTL: expected an integer, not a string"
    ):
        parse(body, CHANGE, "/2013-04-01/hostedzone/Z1/rrset/")
    with pytest.raises(InvalidXml, match="each item of the list is an element 'Change'"):
        parse(body.replace(b"<Change>", b"<Item>").replace(b"</Change>", b"</Item>"), CHANGE)


def test_namespaces_and_space_between_elements_do_not_matter():
    document = b'<r:CreateHostedZoneRequest xmlns:r="x">\n <r:Name>a.test</r:Name>\n</r:CreateHostedZoneRequest>'
    assert parse(document) == {"name": "a.test"}
    with collect_unknown_members() as unknown:
        assert parse(b"<CreateHostedZoneRequest><Nane>a</Nane></CreateHostedZoneRequest>") == {}
    assert len(unknown) == 1


def test_errors_of_s3_have_no_envelope():
    (s3,) = load_models(("s3",)).values()
    response = RestXml(s3).serialise_error(AccessDenied("no"), "request-1")
    assert b"<Error><Code>AccessDeniedException</Code><Message>no</Message>" in response.body
    assert peer.read("rest-xml", None, response)["Error"]["Message"] == "no"
    wrapped = RestXml(ROUTE53).serialise_error(AccessDenied("no"), "request-1")
    assert b"<ErrorResponse><Error><Type>Sender</Type>" in wrapped.body
