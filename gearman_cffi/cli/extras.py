"""Optional libraries of the command, and how to install them."""

from __future__ import annotations

from importlib.util import find_spec


class MissingExtra(Exception):  # noqa: N818
    """An optional library is not installed. The message says how to install it."""


def need(extra: str, *modules: str) -> None:
    """Raises MissingExtra if one of the modules, which an extra of this package installs, is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: "
            f"pip install 'gearman-cffi[{extra}]'"
        )
