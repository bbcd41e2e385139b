"""The C ABI of plugin/moetap.h, of the library preloaded in this process."""

import ctypes
import os

import numpy as np

VERSION = 1
REAL, DUMMY = 1, 2
PREEMPTED, FINISHED, EXTERNAL_PREFIX = 0, 1, 2

SPAN = np.dtype([("request", "u4"), ("start", "u4"), ("rows", "u4"),
                 ("discard", "u4")])
SAMPLE = np.dtype([("request", "u4"), ("position", "u4"), ("token", "i4"),
                   ("reserved", "u4"), ("chain", "u8")])
LAYER = np.dtype([("weight", "u8"), ("number", "u4"), ("experts", "u4"),
                  ("k", "u4"), ("reserved", "u4")])

DEVICE_IDS = np.dtype([("address", "u8"), ("stream", "u8"), ("rows", "u4"),
                       ("k", "u4"), ("experts", "u4"), ("id_bytes", "u2"),
                       ("id_signed", "u2")])

_U32, _U64, _POINTER, _TEXT = (ctypes.c_uint32, ctypes.c_uint64,
                               ctypes.c_void_p, ctypes.c_char_p)
_SIGNATURES = {
    "fact": (_TEXT, _TEXT),
    "expect": (_POINTER, _U32),
    "request": (_U32, _TEXT, _U32, _U64),
    "tokens": (_U32, _U32, _POINTER, _U32, _POINTER),
    "samples": (_POINTER, _U32),
    "kv": (_U32, _U64, _U32, _POINTER, _U32),
    "step_begin": (_U64, _U32, _POINTER, _U32),
    "step_end": (_U64,),
    "device_dispatch": (_POINTER,),
    "shim_time": (_U64,),
    "event": (_U32, _U64, _U32, _U32, _TEXT),
    "delivery": (_TEXT, _TEXT, _TEXT, _U32, _U32, _TEXT),
    "vocabulary": (_U32, _POINTER, _U32, _POINTER),
    "status": (_TEXT, _TEXT),
}


def address(array):
    """Address of the first element, cheaper than array.ctypes.data."""
    return array.__array_interface__["data"][0]


class Buffer:
    """An array of the ABI that is used again and grows as needed.

    `address` is fixed between two calls of `reserve`; `fields` are views of
    the fields of a structured type, by name.
    """

    def __init__(self, dtype, count=64):
        self._dtype = np.dtype(dtype)
        self._allocate(count)

    def _allocate(self, count):
        self.array = np.zeros(count, self._dtype)
        self.address = address(self.array)
        self.fields = {name: self.array[name]
                       for name in self._dtype.names or ()}

    def reserve(self, count):
        """Room for `count` elements; what was in the buffer may be lost."""
        if count > len(self.array):
            self._allocate(2 * count)


def encode(text):
    """A C string; None stays None."""
    return None if text is None else str(text).encode("utf-8", "replace")


class Abi:
    """One method per function of the header, without its prefix.

    Arrays are passed by address: contiguous, of the types above.
    `paused`: the wrappers report nothing; only read it.
    """

    def __init__(self, library):
        self.paused = False
        self._pause = library.moetap_pause
        for name, arguments in _SIGNATURES.items():
            function = getattr(library, "moetap_" + name)
            function.argtypes = arguments
            function.restype = None
            setattr(self, name, function)
        self.stores_tokens = library.moetap_stores_tokens
        self.step_dispatches = library.moetap_step_dispatches
        self.step_dispatches.restype = _U32

    def pause(self, pause):
        """True if hooks and wrappers are now paused, or not, as asked."""
        done = self._pause(int(pause)) == 1
        self.paused = bool(pause) and done
        return done

    def set_facts(self, facts):
        """Reports a dict; entries that are None are unknown and left out."""
        for key, value in facts.items():
            if value is not None:
                self.fact(encode(key), encode(value))


def load():
    """The preloaded library, or None if there is none to report to."""
    if os.environ.get("MOETAP_DISABLE") == "1":
        return None
    library = ctypes.PyDLL(None)
    try:
        library.moetap_abi_version.restype = _U32
        if library.moetap_abi_version() != VERSION:
            return None
        return Abi(library)
    except AttributeError:
        return None
