"""Keeps the shim's own failures away from the engine, and its time counted."""

import time

from moetap_vllm.abi import encode


class CannotReport(Exception):
    """The engine's configuration allows no right report; `code` as in
    moetap_status."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Guard:
    """Runs reports until the first one fails, then runs none any more.

    A failure means that an internal of the engine is not what the shim was
    written for: it is said once, and `on_failure` closes what is open.
    """

    def __init__(self, abi, on_failure=None):
        self._abi = abi
        self._on_failure = on_failure
        self.failed = False

    def run(self, report, *arguments):
        """report(*arguments); its exception ends all reports of this guard."""
        if self.failed:
            return None
        began = time.perf_counter_ns()
        try:
            return report(*arguments)
        except CannotReport as error:
            self.fail(str(error), error.code)
            return None
        except Exception as error:
            self.fail(f"{report.__name__}: {type(error).__name__}: {error}")
            return None
        finally:
            self._abi.shim_time(time.perf_counter_ns() - began)

    def fail(self, text, code="shim-degraded"):
        self.failed = True
        self._abi.status(encode(code), encode(text))
        if self._on_failure is not None:
            try:
                self._on_failure()
            except Exception as error:
                self._abi.status(b"shim-degraded", encode(repr(error)))


def missing(abi, owner, names):
    """True, and says so, if `owner` lacks one of the attributes."""
    absent = [name for name in names if not hasattr(owner, name)]
    if absent:
        abi.status(b"shim-degraded", encode(
            f"{owner.__module__}.{owner.__qualname__} has no "
            f"{', '.join(absent)}"))
    return bool(absent)
