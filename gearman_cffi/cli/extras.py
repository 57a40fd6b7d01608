"""Libraries that only the command uses, and how to get them."""

from __future__ import annotations

from importlib.util import find_spec


class MissingExtra(Exception):  # noqa: N818
    """A library is not installed. The text says how to install it."""


def need(extra: str, *modules: str) -> None:
    """Raises MissingExtra where a module of the extra is not installed."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: "
            f"pip install 'gearman-cffi[{extra}]'"
        )
