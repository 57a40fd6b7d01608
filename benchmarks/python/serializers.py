"""The serializers that are measured, and a value for each."""

from __future__ import annotations

from gearman_cffi.serializers.by_name import BY_NAME

MEASURED = ("raw", "php", "json")


def value_of(serializer: str, size: int) -> bytes | str:
    """Returns a workload: that many bytes, or characters if the format has no bytes."""
    return b"x" * size if serializer == "raw" else "x" * size


def payload_of(serializer: str, size: int) -> str:
    """Returns value_of() as it is sent, for programs without serializers."""
    return BY_NAME[serializer]().serialize(value_of(serializer, size)).decode()
