"""PhpSerializer and PHP itself must agree, on values of every type and on slightly damaged data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gearman_cffi import PhpSerializer, SerializerError
from tests.codec.php_codec import INT_MAX, INT_MIN, PhpCodec, key_form, tree_of

pytestmark = pytest.mark.php

PLAIN = PhpSerializer(pass_serialized=False, strict=True)

# Each run has the same examples, so that it finds nothing by chance; script/fuzz-codec searches further.
thorough = settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

floats = st.floats() | st.sampled_from([0.1, -0.0, 1e15, 1e16, 1e17, 123456789012345678.0, 1e-4, 1e-5, 5e-324])
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["0", "-0", "7", "-7", "07", "é"])
keys = st.integers(INT_MIN, INT_MAX) | texts | st.binary(max_size=6)
scalars = st.none() | st.booleans() | st.integers(INT_MIN, INT_MAX) | floats | texts | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def php() -> Iterator[PhpCodec]:
    process = PhpCodec()
    yield process
    process.close()


def has_equal_keys(value: Any) -> bool:
    """Whether two keys of a dict in the value are the same key in PHP. Such a value raises."""
    if isinstance(value, dict):
        if len({key_form(key) for key in value}) < len(value):
            return True
        return any(map(has_equal_keys, value.values()))
    return isinstance(value, list) and any(map(has_equal_keys, value))


@thorough
@given(value=values)
@example(value={"5": 1, "-9223372036854775808": 2, "9223372036854775808": 3, "-0": 4, "": 5, b"\xff": 6})
@example(value=[[], {}, {0: "a", 1: "b"}, {1: "a", 0: "b"}, "i:5;", "\0", b"\x80\0"])
def test_php_writes_and_reads_the_same(php: PhpCodec, value: Any) -> None:
    if has_equal_keys(value):
        with pytest.raises(SerializerError, match="same key"):
            PLAIN.serialize(value)
        return
    data = PLAIN.serialize(value)
    assert data == php.make(tree_of(value))
    assert php.describe(data) == tree_of(value)
    assert tree_of(PLAIN.unserialize(data)) == tree_of(value)


@thorough
@given(number=floats)
def test_floats_have_the_digits_of_php(php: PhpCodec, number: float) -> None:
    assert PLAIN.serialize(number) == php.make(tree_of(number))


@thorough
@given(value=values, data=st.data())
def test_damaged_data(php: PhpCodec, value: Any, data: st.DataObject) -> None:
    """Removed, doubled and changed bytes: an error, or the value that PHP reads."""
    if has_equal_keys(value):
        return
    whole = PLAIN.serialize(value)
    at = data.draw(st.integers(0, len(whole) - 1))
    until = data.draw(st.integers(at, min(len(whole), at + 4)))
    filling = data.draw(st.sampled_from([b"", b"0", b"1", b"9", b":", b";", b"}", b"-", b"N;", b"i:0;", b"a:0:{}"]))
    damaged = whole[:at] + filling + whole[until:]
    try:
        read = PLAIN.unserialize(damaged)
    except SerializerError:
        return
    assert tree_of(read) == php.describe(damaged)


@thorough
@given(value=values)
def test_truncated_data(value: Any) -> None:
    if has_equal_keys(value):
        return
    whole = PLAIN.serialize(value)
    for length in range(min(len(whole), 200)):
        with pytest.raises(SerializerError):
            PLAIN.unserialize(whole[:length])
