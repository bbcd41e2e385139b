"""SIGINT and SIGTERM: the first asks to stop, the second abandons."""

import asyncio
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Watches the signals for the running task.

    event: set by the first signal; nothing is sent from then on.
    signal: the first signal, or None.  in_flight: set by the user of this
    class to a function that counts the requests under way.
    """

    def __init__(self, say):
        self.event, self.signal = asyncio.Event(), None
        self.in_flight = lambda: 0
        self._say, self._task = say, asyncio.current_task()

    def __enter__(self):
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._take, number)
        return self

    def __exit__(self, *_):
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def _take(self, number):
        if self.signal is not None:
            self._say("abandoning the requests in flight")
            self._task.cancel()
            return
        self.signal = number
        self.event.set()
        self._say(f"stopping; {self.in_flight()} requests in flight are "
                  f"finished first; once more abandons them")

    def status(self):
        return 128 + self.signal
