"""Functions over linked lists, trees and stacks."""

from . import loops, reduce
from .conditions import NUMBERS, pick
from .render import Block, Line, code, header
from .tasks import Task

KINDS = ["int", "long"]
CONTAINERS = ["list", "tree", "stack"]
REDUCED = ["sum", "product", "count", "largest", "any", "all"]

DECLARATIONS = {
    "list": "struct node {{\n    {kind} value;\n    struct node *next;\n}};",
    "tree": "struct tree {{\n    {kind} value;\n    struct tree *left;\n"
            "    struct tree *right;\n}};",
    "stack": "struct stack {{\n    {kind} items[64];\n    int size;\n}};",
}
STRUCTS = {"list": "node", "tree": "tree", "stack": "stack"}

WORDS = {**reduce.WORDS,
         "find": ["First of the {of}, or NULL", "Finds one of the {of}"],
         "clear": ["Sets the {of} to zero", "Clears the {of}"]}


def tasks():
    found = [Task("structures", container, operation, condition, kind)
             for container in CONTAINERS for operation in REDUCED + ["clear"]
             for condition in NUMBERS for kind in KINDS]
    return found + [Task("structures", "list", "find", condition, kind)
                    for condition in NUMBERS for kind in KINDS]


def _returned(task):
    if task.operation == "clear":
        return "void"
    if task.operation == "find":
        return "const struct node *"
    return task.kind if task.operation in ("sum", "product", "largest") \
        else "int"


def head(task, rng):
    of = f"{task.condition.words} values of a {task.container}"
    comment = header(rng.choice(WORDS[task.operation]).format(of=of), rng)
    struct = STRUCTS[task.container]
    const = "" if task.operation == "clear" else "const "
    further = ""
    if task.condition.parameter:
        further = f", {task.kind} {task.condition.parameter}"
    returned = _returned(task)
    space = "" if returned.endswith("*") else " "
    declaration = DECLARATIONS[task.container].format(kind=task.kind)
    return (
        f"#include <stddef.h>\n\n{declaration}\n\n{comment}\n"
        f"{returned}{space}{task.name}({const}struct {struct} "
        f"*{task.container}{further}) {{")


def _subtrees(task, name):
    """The function's calls for the left and for the right subtree."""
    further = f", {task.condition.parameter}" if task.condition.parameter \
        else ""
    return [f"{task.name}({name}->{side}{further})"
            for side in ("left", "right")]


def _leave(name, value, rng):
    """The end of the recursion."""
    test = rng.choice([f"{name} == NULL", f"!{name}"])  # the same assembly
    leave = "return;" if value is None else f"return {value};"
    return Block(f"if ({test})", [Line(leave, "return")], "guard")


def _value(task, name, rng, style):
    """(statements before, expression) of a node's value."""
    if rng.random() < 0.65:
        return [], f"{name}->value"
    value = style.names["value"]
    return [Line(f"{task.kind} {value} = {name}->value;", "load")], value


def _recursive_sum(task, name, rng, style):
    """sum, product and count of a tree."""
    t = style.names["total"]
    kind = "int" if task.operation == "count" else task.kind
    sign, empty = ("*", 1) if task.operation == "product" else ("+", 0)
    left, right = _subtrees(task, name)
    if rng.random() < 0.2:
        left, right = right, left
    load, x = _value(task, name, rng, style)
    update = f"{t} {sign}= {1 if task.operation == 'count' else x};"
    test = [*load, *reduce.select(task.condition, x, [Line(update, "update")],
                                  False, rng, style)]
    first = Line(f"{kind} {t} = {empty};", "start")
    both = Line(f"{kind} {t} = {left} {sign} {right};", "recur")
    apart = [Line(f"{t} {sign}= {left};", "recur"),
             Line(f"{t} {sign}= {right};", "recur")]
    end = Line(f"return {t};", "return")
    shapes = [[both, *test, end], [first, *test, *apart, end],
              [first, *apart, *test, end],
              [first, *test, Line(f"return {t} {sign} {left} {sign} {right};",
                                  "recur")]]
    return [_leave(name, empty, rng), *rng.choices(shapes, [4, 3, 2, 3])[0]]


def _recursive_largest(task, name, rng, style):
    best = style.names["best"]
    left, right = _subtrees(task, name)
    if rng.random() < 0.2:
        left, right = right, left
    load, x = _value(task, name, rng, style)
    larger = pick((f"other > {best}", f"{best} < other"), "", rng)
    body = [_leave(name, 0, rng),
            Line(f"{task.kind} {best} = {left};", "recur"),
            Line(f"{task.kind} other = {right};", "recur"),
            Block(f"if ({larger})", [Line(f"{best} = other;", "update")],
                  "test"), *load]
    test = pick(task.condition.tests, x, rng)
    update = [Line(f"{best} = {x};", "update")]
    if rng.random() < 0.5:
        body.append(Block(f"if ({test} && {x} > {best})", update, "test"))
    else:
        body += reduce.select(
            task.condition, x, [Block(f"if ({x} > {best})", update, "test")],
            False, rng, style)
    return [*body, Line(f"return {best};", "return")]


def _recursive_test(task, name, rng, style):
    """any and all of a tree."""
    every = task.operation == "all"
    condition = reduce.negation(task.condition) if every else task.condition
    left, right = _subtrees(task, name)
    if rng.random() < 0.2:
        left, right = right, left
    load, x = _value(task, name, rng, style)
    leave = [Line(f"return {int(not every)};", "return")]
    body = [_leave(name, int(every), rng), *load,
            *reduce.select(condition, x, leave, False, rng, style)]
    shape = rng.choices(["joined", "apart", "both apart"], [5, 3, 2])[0]
    if shape == "joined":
        join = "&&" if every else "||"
        return [*body, Line(f"return {left} {join} {right};", "recur")]
    bang = "!" if every else ""
    body.append(Block(f"if ({bang}{left})", leave, "recur"))
    if shape == "apart":
        return [*body, Line(f"return {right};", "recur")]
    return [*body, Block(f"if ({bang}{right})", leave, "recur"),
            Line(f"return {int(every)};", "return")]


def _recursive_clear(task, name, rng, style):
    sides = [Line(f"{call};", "recur") for call in _subtrees(task, name)]
    if rng.random() < 0.3:
        sides.reverse()
    load, x = _value(task, name, rng, style)
    test = [*load, *reduce.select(
        task.condition, x, [Line(f"{name}->value = 0;", "write")], False, rng,
        style)]
    order = rng.choices([[*test, *sides], [*sides, *test],
                         [sides[0], *test, sides[1]]], [4, 3, 2])[0]
    return [_leave(name, None, rng), *order]


def _tree(task, name, rng, style):
    build = {"largest": _recursive_largest, "clear": _recursive_clear,
             "any": _recursive_test, "all": _recursive_test}.get(
                 task.operation, _recursive_sum)
    return build(task, name, rng, style)


def _clear(task, name, rng, style):
    def writing(target):
        return reduce.doing(task.condition, f"{target} = 0;", "write", rng,
                            style)
    if task.container == "list":
        return loops.walk_list(name, task.kind,
                               lambda node: writing(f"{node}->value"), rng,
                               style, mutable=True)
    array = loops.Array(f"{name}->items", f"{name}->size")
    target = f"{name}->items[{style.names['index']}]"
    return array.forward(task.kind, writing(target), rng, style)


def _find(task, name, rng, style):
    def returning(node):
        return reduce.doing(task.condition, f"return {node};", "return", rng,
                            style)
    return [*loops.walk_list(name, task.kind, returning, rng, style),
            Line("return NULL;", "return")]


def document(task, rng, style):
    opening, name = head(task, rng), task.container
    if task.container == "tree":
        body = _tree(task, name, rng, style)
    elif task.operation == "clear":
        body = _clear(task, name, rng, style)
    elif task.operation == "find":
        body = _find(task, name, rng, style)
    else:
        def loop(each):
            if task.container == "list":
                return loops.walk_list(name, task.kind, lambda node: each,
                                       rng, style)
            array = loops.Array(f"{name}->items", f"{name}->size",
                                may_consume=False)
            return array.loop(task.kind, each, rng, style)
        body = reduce.OPERATIONS[task.operation](
            task.kind, task.condition, loop, rng, style)
        body = reduce.guarded(body, f"{name} == NULL",
                              reduce.EMPTY.get(task.operation, 0), rng)
    return code(opening, body, style, rng)
