"""What the user sees while requests are under way."""

import sys
import time

import tqdm

LINE_SECONDS = 10  # between two lines where stderr is no terminal


class Progress:
    """A bar on a terminal, else a line every now and then, on stderr."""

    def __init__(self):
        self._bar = None
        self._planned = self._done = 0
        self._shown = time.monotonic()

    def plan(self, count):
        """That many requests more will be sent."""
        self._planned += count
        if self._bar is None and count and sys.stderr.isatty():
            self._bar = tqdm.tqdm(total=0, unit="request")
        if self._bar is not None:
            self._bar.total = self._planned
            self._bar.refresh()

    def step(self):
        self._done += 1
        if self._bar is not None:
            self._bar.update()
        elif time.monotonic() - self._shown >= LINE_SECONDS:
            self._shown = time.monotonic()
            self.say(f"{self._done} of {self._planned} requests planned so "
                     f"far")

    def say(self, text):
        tqdm.tqdm.write(f"moetap-branch: {text}", file=sys.stderr)

    def close(self):
        if self._bar is not None:
            self._bar.close()
