"""Asks the kernel to sync a file and to tell the loop when that is done (Linux's native AIO, io_submit(2)).

A thread that syncs has to get the interpreter back from the loop each time, and each of them wakes the other for it.
Where the kernel does not offer this, there is only the thread: ``open_kernel_sync`` says None.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from errno import EIO
from typing import NamedTuple

import structlog

log = structlog.get_logger(__name__)
Then = Callable[[OSError | None], None]

_FDSYNC = 3  # IOCB_CMD_FDSYNC
_RESFD = 1  # IOCB_FLAG_RESFD
_REQUEST = struct.Struct("<QIIHhIQQqQII")  # struct iocb of <linux/aio_abi.h>, where the octets are in this order
_DONE = struct.Struct("<QQqq")  # struct io_event


class _Calls(NamedTuple):
    """The numbers of the system calls, for which libc has no functions."""

    setup: int
    destroy: int
    getevents: int
    submit: int


_CALLS = {"x86_64": _Calls(206, 207, 208, 209), "aarch64": _Calls(0, 1, 4, 2)}


class KernelSync:
    """One sync at a time, for one loop. Raises OSError when the kernel has no room for it."""

    def __init__(self, loop: AbstractEventLoop, calls: _Calls) -> None:
        # None of the calls waits for anything: to give the interpreter away for them would cost more than they do.
        self._call = ctypes.PyDLL(None, use_errno=True).syscall
        self._call.restype = ctypes.c_long
        self._call.argtypes = [ctypes.c_long, *[ctypes.c_void_p] * 5]
        self._calls, self._loop = calls, loop
        self._then: Then = _nobody
        context = ctypes.c_ulong(0)
        self._ask(calls.setup, 1, ctypes.addressof(context))
        self._context = context.value
        self._request = ctypes.create_string_buffer(_REQUEST.size)
        self._requests = (ctypes.c_void_p * 1)(ctypes.addressof(self._request))
        self._done = ctypes.create_string_buffer(_DONE.size)
        self._ask(calls.getevents, self._context, 0, 1, ctypes.addressof(self._done))  # a sandbox may forbid just this
        self._number = 1
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        loop.add_reader(self._bell, self._ring)

    def begin(self, descriptor: int, then: Then) -> None:
        """Sync what was written to the file; ``then`` is called on the loop. Raises OSError; then it is not."""
        _REQUEST.pack_into(self._request, 0, self._number, 0, 0, _FDSYNC, 0, descriptor, 0, 0, 0, 0, _RESFD, self._bell)
        self._ask(self._calls.submit, self._context, 1, ctypes.addressof(self._requests))
        self._then = then

    def close(self) -> None:
        """Nothing is being synced any more."""
        self._loop.remove_reader(self._bell)
        os.close(self._bell)
        self._ask(self._calls.destroy, self._context)

    def _ring(self) -> None:
        try:
            os.eventfd_read(self._bell)
        except BlockingIOError:
            return
        try:
            result = self._result()
        except OSError as unknown:  # it may have failed, and who waits must hear something
            result = -(unknown.errno or EIO)
        if result is None:
            return
        self._number += 1
        then, self._then = self._then, _nobody
        then(OSError(-result, os.strerror(-result)) if result < 0 else None)

    def _result(self) -> int | None:
        """What became of the sync; None where it is not done. What was left of one before says nothing of it. Raises
        OSError."""
        with contextlib.suppress(InterruptedError):  # by a signal, where there is nothing
            while self._ask(self._calls.getevents, self._context, 0, 1, ctypes.addressof(self._done)):
                number, _, result, _ = _DONE.unpack(self._done)
                if number == self._number:
                    return int(result)
        return None

    def _ask(self, call: int, *arguments: int) -> int:
        answer: int = self._call(call, *arguments, *[None] * (5 - len(arguments)))
        if answer < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return answer


def _nobody(error: OSError | None) -> None:
    """Who waits for a sync while there is none."""


def open_kernel_sync(loop: AbstractEventLoop) -> KernelSync | None:
    """None where it cannot be had."""
    calls = _CALLS.get(platform.machine())
    if calls is None or sys.platform != "linux" or sys.maxsize < 1 << 32 or sys.byteorder != "little":
        return None
    try:
        return KernelSync(loop, calls)
    except (OSError, NotImplementedError) as error:  # a sandbox may forbid it, all of the system's may be in use
        log.info("spool.no_kernel_sync", reason=str(error))
        return None
