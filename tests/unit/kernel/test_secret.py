"""A secret is revealed by a call of its own, and in no other way."""

from __future__ import annotations

import json
import logging
import pickle

import msgspec
import pytest

from moyai.domain.pca.authority import AuthorityKey
from moyai.kernel.ids import CertificateAuthorityArn
from moyai.kernel.secret import Secret
from moyai.store.codec import RecordCodec

TEXT = "-----BEGIN PRIVATE KEY-----"
KEY = AuthorityKey(CertificateAuthorityArn("arn:x"), Secret(TEXT))


def test_a_secret_is_not_printed(caplog):
    logging.getLogger("x").warning("%s %r", KEY, {"key": Secret(TEXT)})
    assert TEXT not in f"{KEY} {Secret(TEXT)!r} {caplog.text}"
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize("encode", [msgspec.json.encode, msgspec.msgpack.encode, msgspec.to_builtins, json.dumps])
def test_a_secret_is_not_encoded(encode):
    with pytest.raises(TypeError):
        encode(Secret(TEXT))
    with pytest.raises(TypeError):
        encode(KEY)


def test_a_secret_is_not_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TEXT))


def test_only_the_store_encodes_secrets():
    codec = RecordCodec()
    assert TEXT.encode() in codec.encode(KEY)
    assert codec.decode("authority_key", codec.encode(KEY)) == KEY
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
