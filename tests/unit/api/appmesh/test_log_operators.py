"""Lines of access logs: taken when Envoy takes them, and refused when it would refuse the listener."""

from __future__ import annotations

import pytest

from moyai.api.appmesh.rules import access_log
from moyai.api.appmesh.rules.access_log import faults_in
from tests.unit.api.appmesh.envoy import refusal

TAKEN = [
    "no operator",
    "%%",
    "100%% %PROTOCOL% %%%PROTOCOL%",
    "%REQ(:path)% %REQ(a?b):10% %RESP(a?)% %TRAILER(a):3%",
    "%START_TIME% %START_TIME()% %START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)% %START_TIME(%s%)%",
    "%DYNAMIC_METADATA(a:b:c)% %DYNAMIC_METADATA(a):3% %ENVIRONMENT(A)% %QUERY_PARAM(x):3%",
    "%UPSTREAM_METADATA(a:b)% %CLUSTER_METADATA(a:b)%",
    "%FILTER_STATE(a)% %FILTER_STATE(a:PLAIN):3% %FILTER_STATE(a:FIELD:x)% %UPSTREAM_FILTER_STATE(a:TYPED)%",
    "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ms)% %COMMON_DURATION(a:b)%",
    "%GRPC_STATUS% %GRPC_STATUS(CAMEL_STRING)% %GRPC_STATUS(NUMBER)%",
    "%PATH% %PATH(NQ:ORIG)% %PATH(WQ):5% %QUERY_PARAMS(DECODED)% %REQUESTED_SERVER_NAME(SNI_FIRST)%",
    "%RESPONSE_CODE_DETAILS(x y)% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(MASK_PREFIX_LEN=24)%",
    "é%DURATION%\nand more",
]
REFUSED = [
    "%",
    "a % b",
    "%n",
    "%req(a)%",
    "%NOTHING%",
    "%START_TIME%%",
    "%START_TIME(%n)%",
    "%START_TIME(%-5n)%",
    "%START_TIME(%s):5%",
    "%REQ%",
    "%REQ()%",
    "%REQ(a",
    "%REQ(a)",
    "%REQ(a?b?c)%",
    "%REQ(a b)%",
    "%REQ(a):x%",
    "%REQ(a):99999999999999999999%",
    "%DURATION:5%",
    "%DURATION(a)%",
    "%GRPC_STATUS(X)%",
    "%PATH(x)%",
    "%QUERY_PARAMS(x)%",
    "%FILTER_STATE(a:FOO)%",
    "%FILTER_STATE(a:FIELD)%",
    "%COMMON_DURATION(a)%",
    "%COMMON_DURATION(a:b:xs)%",
    "%UPSTREAM_METADATA(a):3%",
    "%QUERY_PARAM%",
]


@pytest.mark.parametrize("line", TAKEN)
def test_valid_lines_are_accepted(line):
    assert list(faults_in(line)) == []


@pytest.mark.parametrize("line", REFUSED)
def test_invalid_lines_are_refused(line):
    assert len(list(faults_in(line))) >= 1


def test_envoy_accepts_accepted_lines(tmp_path):
    assert refusal(tmp_path, lines=TAKEN) == ""


@pytest.mark.parametrize("line", REFUSED)
def test_envoy_refuses_refused_lines(tmp_path, line):
    assert refusal(tmp_path, lines=[line]) != ""


def test_envoy_accepts_each_operator_without_arguments(tmp_path):
    alone = [name for name, syntax in access_log.OPERATORS.items() if not syntax.needed]
    assert len(alone) > 130
    assert refusal(tmp_path, lines=[f"%{name}%" for name in alone]) == ""
    cut = [name for name, syntax in access_log.OPERATORS.items() if syntax.length and not syntax.needed]
    assert refusal(tmp_path, lines=[f"%{name}:5%" for name in cut]) == ""


def test_coalesce_is_not_supported():
    assert list(faults_in('%COALESCE({"operators":["PROTOCOL"]})%')) != []
