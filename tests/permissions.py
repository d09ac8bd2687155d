"""File permissions for tests that run as root, whom permissions do not stop."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

# From linux/capability.h: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, and the interface version with two words per set.
_PASSES_BY = (1 << 1) | (1 << 2)
_VERSION = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """Make file permissions apply to this thread and to threads that it starts, until the context exits."""
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION, 0), (_Sets * 2)()

    def call(function: str) -> None:
        if getattr(libc, function)(ctypes.byref(header), sets):
            raise OSError(ctypes.get_errno(), function)

    call("capget")
    before = sets[0].effective
    sets[0].effective &= ~_PASSES_BY
    call("capset")
    try:
        yield
    finally:
        sets[0].effective = before
        call("capset")
