"""Counts the instructions of a process, where the machine counts them."""

import ctypes
import os
import platform
import struct

_NUMBERS = {"x86_64": 298, "aarch64": 241}  # of perf_event_open
_ATTRIBUTE_BYTES = 128
_HARDWARE, _INSTRUCTIONS = 0, 1
_INHERIT, _EXCLUDE_KERNEL, _EXCLUDE_HV = 1 << 1, 1 << 5, 1 << 6
_FLAGS_AT = 40


class Counter:
    """Instructions in user mode of this thread and of all threads that it
    starts from now on.  `problem`: why there are none, or None."""

    def __init__(self):
        self._file, self.problem = None, None
        number = _NUMBERS.get(platform.machine())
        if number is None:
            self.problem = f"not known how on {platform.machine()}"
            return
        attribute = bytearray(_ATTRIBUTE_BYTES)
        struct.pack_into("=IIQ", attribute, 0, _HARDWARE, _ATTRIBUTE_BYTES,
                         _INSTRUCTIONS)
        struct.pack_into("=Q", attribute, _FLAGS_AT,
                         _INHERIT | _EXCLUDE_KERNEL | _EXCLUDE_HV)
        pointer = (ctypes.c_char * _ATTRIBUTE_BYTES).from_buffer(attribute)
        file = ctypes.CDLL(None, use_errno=True).syscall(
            number, pointer, 0, -1, -1, 0)
        if file < 0:
            self.problem = ("perf_event_open: "
                            + os.strerror(ctypes.get_errno()))
        else:
            self._file = file

    def read(self):
        """The count so far, or None."""
        if self._file is None:
            return None
        return struct.unpack("=Q", os.read(self._file, 8))[0]
