"""A task: what one document is about."""

import dataclasses

from .conditions import Condition


@dataclasses.dataclass(frozen=True)
class Task:
    category: str         # arithmetic, strings, structures, prose
    container: str        # array, list, text, ...
    operation: str
    condition: Condition
    kind: str             # C type of an element, "counted" for a string of
                          # known length, "prose" for a text

    @property
    def name(self):
        """The function's name."""
        return f"{self.operation}_{self.condition.name}"

    @property
    def key(self):
        return "-".join((self.container, self.operation, self.condition.name,
                         self.kind))
