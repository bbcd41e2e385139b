"""Functions over an array of numbers."""

from . import loops, reduce
from .conditions import NUMBERS
from .render import code, header
from .tasks import Task

KINDS = ["int", "long", "short"]
VALUES, COUNT = "values", "count"


def tasks():
    return [Task("arithmetic", "array", operation, condition, kind)
            for operation in [*reduce.OPERATIONS, "first", "last"]
            for condition in NUMBERS for kind in KINDS]


WORDS = {**reduce.WORDS, **reduce.INDEX_WORDS}


def returned(task):
    if task.operation in ("sum", "product", "squares", "largest"):
        return task.kind
    return "int"


def head(task, rng):
    of = f"{task.condition.words} values of an array"
    comment = header(rng.choice(WORDS[task.operation]).format(of=of), rng)
    further = ""
    if task.condition.parameter:
        further = f", {task.kind} {task.condition.parameter}"
    return (f"{comment}\n{returned(task)} {task.name}(const {task.kind} "
            f"*{VALUES}, int {COUNT}{further}) {{")


def _index(task, array, rng, style):
    backwards = task.operation == "last" and rng.random() < 0.6
    shape = array.backward if backwards else array.forward
    index = reduce.last_index
    if task.operation == "first" or backwards:
        index = reduce.first_index
    return index(task.condition,
                 lambda each: shape(task.kind, each, rng, style), rng, style)


def document(task, rng, style):
    opening = head(task, rng)
    array = loops.Array(VALUES, COUNT)
    if task.operation in ("first", "last"):
        body = _index(task, array, rng, style)
    else:
        body = reduce.OPERATIONS[task.operation](
            task.kind, task.condition,
            lambda each: array.loop(task.kind, each, rng, style), rng, style)
    body = reduce.guarded(body, f"{COUNT} <= 0",
                          reduce.EMPTY.get(task.operation, 0), rng)
    return code(opening, body, style, rng)
