"""Functions over the characters of a string."""

from . import loops, reduce
from .conditions import CHARACTERS
from .render import Line, code, header
from .tasks import Task

TEXT = "text"
READING = ["count", "any", "all", "first", "last"]
WRITING = ["replace", "drop", "copy", "keep"]

WORDS = {
    "count": ["Number of {of}", "Counts the {of}"],
    "any": ["Does it hold any {of}?", "Looks for {of}"],
    "all": ["Does it hold nothing but {of}?", "Checks for nothing but {of}"],
    **reduce.INDEX_WORDS,
    "replace": ["Writes a star over the {of}", "Hides the {of}"],
    "drop": ["Removes the {of}", "Drops the {of} in place"],
    "copy": ["Copies the {of}", "Copies nothing but the {of}"],
    "keep": ["Removes all but the {of}", "Keeps the {of} in place"],
}


def tasks():
    return [Task("strings", "text", operation, condition, kind)
            for operation in READING + WRITING for condition in CHARACTERS
            for kind in ("char", "counted")]


def head(task, rng):
    of = f"{task.condition.words} of a string"
    comment = header(rng.choice(WORDS[task.operation]).format(of=of), rng)
    const = "" if task.operation in ("replace", "drop", "keep") else "const "
    parameters = [f"{const}char *{TEXT}"]
    if task.operation == "copy":
        parameters.insert(0, "char *to")
    if task.kind == "counted":
        parameters.append("int length")
    if task.condition.parameter:
        parameters.append(f"char {task.condition.parameter}")
    kind = "void" if task.operation == "replace" else "int"
    return f"{comment}\n{kind} {task.name}({', '.join(parameters)}) {{"


def _loop(task, text, each, rng, style, index_only=False):
    if task.kind == "char":
        return loops.walk_text(text, each, rng, style, index_only)
    array = loops.Array(text, "length")
    loop = array.forward if index_only else array.loop
    return loop("char", each, rng, style)


def _index(task, text, rng, style):
    index = (reduce.first_index if task.operation == "first"
             else reduce.last_index)
    return index(task.condition,
                 lambda each: _loop(task, text, each, rng, style,
                                    index_only=True), rng, style)


def _replace(task, text, rng, style):
    hide = reduce.doing(task.condition,
                        f"{text}[{style.names['index']}] = '*';", "write", rng,
                        style)
    return _loop(task, text, hide, rng, style, index_only=True)


def _compact(task, text, rng, style):
    """Moves what stays to the front, or copies it; returns how many."""
    n = style.names["out"] if task.operation != "copy" else "n"
    target = "to" if task.operation == "copy" else text
    staying = task.condition
    if task.operation == "drop":
        staying = reduce.negation(staying)
    one_line = rng.random() < 0.6

    def each(x, may_skip):
        then = [Line(f"{target}[{n}++] = {x};", "write")] if one_line else [
            Line(f"{target}[{n}] = {x};", "write"),
            Line(f"{style.add_one(n)};", "step")]
        return reduce.select(staying, x, then, may_skip, rng, style)
    return [Line(f"int {n} = 0;", "start"),
            *_loop(task, text, each, rng, style, index_only=True),
            Line(f"{target}[{n}] = '\\0';", "write"),
            Line(f"return {n};", "return")]


def document(task, rng, style):
    opening, text = head(task, rng), TEXT
    if task.operation in ("first", "last"):
        body = _index(task, text, rng, style)
    elif task.operation == "replace":
        body = _replace(task, text, rng, style)
    elif task.operation in ("drop", "copy", "keep"):
        body = _compact(task, text, rng, style)
    else:
        body = reduce.OPERATIONS[task.operation](
            "char", task.condition,
            lambda each: _loop(task, text, each, rng, style), rng, style)
        test = f"!{text}" if rng.random() < 0.5 else f"{text} == 0"
        body = reduce.guarded(body, test,
                              reduce.EMPTY.get(task.operation, 0), rng)
    return code(opening, body, style, rng)
