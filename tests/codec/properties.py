"""What holds for PhpSerializer with any data: documented exceptions only, values that survive, and PHP's opinion."""

from __future__ import annotations

import contextlib
from typing import Any

from gearman_cffi import PhpEnumCase, PhpObject, PhpSerializer, SerializerError, is_serialized
from tests.codec.php_codec import PhpCodec, tree_of

STRICT = PhpSerializer(pass_serialized=False, strict=True)
LAX = PhpSerializer()
DMANK = PhpSerializer(dmank_results=True)


def check(data: bytes, php: PhpCodec | None) -> None:
    """Reads the data, and writes what was read. php: must read the same; None if PHP is not there."""
    text = LAX.unserialize(b"text: " + data)
    assert LAX.unserialize(LAX.serialize_result(text)) == text
    for serializer in (LAX, DMANK):
        with contextlib.suppress(SerializerError):
            serializer.serialize_result(serializer.unserialize(data))
    try:
        value = STRICT.unserialize(data)
    except SerializerError:
        return
    assert is_serialized(data)
    if not is_plain(value):
        return  # PHP has no class for an object, and it is not written
    written = STRICT.serialize(value)
    assert tree_of(STRICT.unserialize(written)) == tree_of(value)
    assert LAX.serialize(written) == written
    if php is not None:
        assert php.describe(data) == tree_of(value), "PHP reads another value"


def is_plain(value: Any) -> bool:
    """Whether a value has no objects in it."""
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, list):
        return all(map(is_plain, value))
    return not isinstance(value, (PhpObject, PhpEnumCase))
