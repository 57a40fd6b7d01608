"""The compiled module. Its ``lib`` is a module of its own to Python, and so it is here: lib.pyi."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, type_check_only

from _cffi_backend import FFI, _CDataBase

from gearman_cffi._libgearman._native import lib as lib

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Owned = TypeVar("_Owned")
_OnError = Callable[[type[BaseException], BaseException, TracebackType | None], object]

# cffi's stub is wider, and wrong about onerror. Here all characters are bytes: nothing declares a wchar_t. What gc()
# returns is of its argument's type, and what addressof() returns has attributes where it is a struct's.
@type_check_only
class _FFI(FFI):
    def addressof(self, cdata: object, /, *field_or_index: str | int) -> Any: ...
    def string(self, cdata: _CDataBase, maxlen: int = -1) -> bytes: ...
    def unpack(self, cdata: _CDataBase, length: int) -> bytes: ...
    def gc(self, cdata: _Owned, destructor: Callable[..., object], size: int = ...) -> _Owned: ...  # type: ignore[override]
    def from_handle(self, x: object, /) -> Any: ...
    def def_extern(  # type: ignore[override]
        self, name: str = ..., error: object = ..., onerror: _OnError = ...
    ) -> Callable[[_Function], _Function]: ...

ffi: _FFI
