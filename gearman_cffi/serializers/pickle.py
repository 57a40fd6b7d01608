"""PickleSerializer: values as Python's pickle."""

from __future__ import annotations

import pickle
from typing import Any

from gearman_cffi.exceptions import SerializerError


class PickleSerializer:
    """Python's pickle, if all clients and workers are Python programs. An empty result is None.

    WARNING: reading a pickle runs code that its sender chose. gearmand has no passwords: anyone who can connect to it
    can submit jobs and answer them. Use pickle only if every program that can reach the server may run any code in
    yours. PhpSerializer and JsonSerializer never run code.

    Example:
            client = Client("127.0.0.1:4730", PickleSerializer())
            client.execute_in_background("remind", datetime.now())
    """

    def serialize(self, value: Any) -> bytes:
        """Returns the value as a pickle.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            SerializerError: It cannot be pickled (a lambda, an open file).

        Example:
                data = PickleSerializer().serialize({1, 2})
        """
        try:
            return pickle.dumps(value)
        except Exception as error:  # the methods of the value may raise anything
            raise SerializerError(f"cannot pickle the value: {error}") from error

    def unserialize(self, data: bytes) -> Any:
        """Returns the value.

        Args:
            data: What the other side has sent.

        Returns:
            The value.

        Raises:
            SerializerError: The pickle is invalid, or a class cannot be imported.

        Example:
                data = PickleSerializer().serialize({1, 2})
                assert PickleSerializer().unserialize(data) == {1, 2}
        """
        if not data:
            return None
        try:
            return pickle.loads(data)
        except Exception as error:
            raise SerializerError(f"cannot read the data as a pickle: {error}") from error
