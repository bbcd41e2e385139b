"""Ratios of two conditions that take turns, with their intervals.

Blocks of work come in quads, ABBA or BAAB, so that whatever drifts evenly
over a quad cancels.  A quad gives one log ratio B / A, and the quads of a
series are its sample: mean and Student's t interval, as a ratio again.
"""

import dataclasses
import math

from scipy import stats


@dataclasses.dataclass
class Ratio:
    """A geometric mean and its interval, which one quad does not have."""
    mean: float
    low: float | None
    high: float | None
    quads: int

    def __str__(self):
        if self.low is None:
            return f"{self.mean:.4f}"
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def order(number):
    """Which blocks of quad `number` are those under test."""
    outer = number % 2 == 1
    return (outer, not outer, not outer, outer)


def log_ratio(values, tested):
    """log of B / A of one quad; `tested`: as order() gives it."""
    signed = [math.log(value) if is_tested else -math.log(value)
              for value, is_tested in zip(values, tested, strict=True)]
    return sum(signed) / 2


def ratio(log_ratios, confidence=0.95):
    """The Ratio of a series of quads."""
    count = len(log_ratios)
    mean = sum(log_ratios) / count
    if count == 1:
        return Ratio(math.exp(mean), None, None, count)
    variance = sum((one - mean) ** 2 for one in log_ratios) / (count - 1)
    half = (stats.t.ppf((1 + confidence) / 2, count - 1)
            * math.sqrt(variance / count))
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half),
                 count)
