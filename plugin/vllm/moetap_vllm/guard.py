"""Keeps the shim's own failures away from the engine."""

from moetap_vllm.abi import encode


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
        try:
            return report(*arguments)
        except Exception as error:
            self.fail(f"{report.__name__}: {type(error).__name__}: {error}")
            return None

    def fail(self, text):
        self.failed = True
        self._abi.status(b"shim-degraded", encode(text))
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
