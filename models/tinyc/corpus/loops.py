"""Loops over the elements of a container, each in several real shapes.

A shape is a function (each, rng, style) -> statements.  `each` builds the
statements for one element from its C expression; `may_skip` tells it whether
`continue` is allowed there.  Two shapes compile to different assembly, with
one exception that is meant: `for` and the `while` that says the same.
"""

from .render import Block, Line


def _loaded(each, x, kind, may_skip, rng, style):
    """The statements of `each`, sometimes on a local copy of the element."""
    if rng.random() < 0.6:
        return each(x, may_skip)
    value = style.names["value"]
    return [Line(f"{kind} {value} = {x};", "load"), *each(value, may_skip)]


def _for(array, kind, each, rng, style):
    i = style.names["index"]
    body = _loaded(each, f"{array.values}[{i}]", kind, True, rng, style)
    head = f"= 0; {i} < {array.count}; {style.add_one(i)})"
    if rng.random() < 0.2:  # the same assembly
        return [Line(f"int {i};", "start"),
                Block(f"for ({i} {head}", body, "loop")]
    return [Block(f"for (int {i} {head}", body, "loop")]


def _while(array, kind, each, rng, style):
    i = style.names["index"]
    body = _loaded(each, f"{array.values}[{i}]", kind, False, rng, style)
    return [Line(f"int {i} = 0;", "start"),
            Block(f"while ({i} < {array.count})",
                  [*body, Line(f"{style.add_one(i)};", "step")], "loop")]


def _forever(array, kind, each, rng, style):
    i = style.names["index"]
    body = _loaded(each, f"{array.values}[{i}]", kind, False, rng, style)
    leave = Block(f"if ({i} >= {array.count})", [Line("break;", "step")],
                  "guard")
    return [Line(f"int {i} = 0;", "start"),
            Block("while (1)",
                  [leave, *body, Line(f"{style.add_one(i)};", "step")],
                  "loop")]


def _count_down(array, kind, each, rng, style):
    body = _loaded(each, f"{array.values}[{array.count}]", kind, True, rng,
                   style)
    if rng.random() < 0.5:
        return [Block(f"while ({array.count}-- > 0)", body, "loop")]
    return [Block(f"while ({array.count} > 0)",
                  [Line(f"{array.count}--;", "step"), *body], "loop")]


def _backwards(array, kind, each, rng, style):
    i = style.names["index"]
    body = _loaded(each, f"{array.values}[{i}]", kind, True, rng, style)
    head = f"for (int {i} = {array.count} - 1; {i} >= 0; {i}--)"
    return [Block(head, body, "loop")]


def _pointer(array, kind, each, rng, style):
    end = style.names["end"]
    p = "p"
    body = _loaded(each, f"*{p}", kind, True, rng, style)
    return [Line(f"const {kind} *{end} = {array.values} + {array.count};",
                 "start"),
            Block(f"for (const {kind} *{p} = {array.values}; {p} < {end}; "
                  f"{style.add_one(p)})", body, "loop")]


class Array:
    """`count` elements from `values` on; both are C expressions.
    `may_consume`: a loop may change what `count` names."""

    def __init__(self, values, count, may_consume=True):
        self.values, self.count = values, count
        self.may_consume = may_consume

    def loop(self, kind, each, rng, style):
        shapes = [_for, _while, _backwards, _pointer, _forever]
        weights = [35, 15, 15, 15, 8]
        if self.may_consume:
            shapes.append(_count_down)
            weights.append(12)
        shape = rng.choices(shapes, weights)[0]
        return shape(self, kind, each, rng, style)

    def forward(self, kind, each, rng, style):
        """Shapes in which the index is `style.names["index"]`."""
        shape = rng.choices([_for, _while, _forever], [6, 3, 2])[0]
        return shape(self, kind, each, rng, style)

    def backward(self, kind, each, rng, style):
        return _backwards(self, kind, each, rng, style)


def _not_null(pointer, rng):
    return rng.choice([f"{pointer} != NULL", pointer])  # the same assembly


def walk_list(head, kind, each_of, rng, style, mutable=False):
    """A loop over the nodes of a linked list; `each_of(node)` is an `each`
    that knows the name of the node."""
    node = style.names["node"]
    const = "" if mutable else "const "
    start = f"{const}struct node *{node} = {head};"
    shape = rng.choices(["for", "while", "in place", "forever"],
                        [5, 3, 4, 1])[0]
    if shape == "in place":
        node = head
    body = _loaded(each_of(node), f"{node}->value", kind, shape == "for", rng,
                   style)
    step = f"{node} = {node}->next"
    if shape == "for":
        return [Block(f"for ({start} {_not_null(node, rng)}; {step})", body,
                      "loop")]
    body.append(Line(f"{step};", "step"))
    if shape == "forever":
        leave = Block(f"if ({node} == NULL)", [Line("break;", "step")],
                      "guard")
        return [Line(start, "start"), Block("while (1)", [leave, *body],
                                            "loop")]
    loop = Block(f"while ({_not_null(node, rng)})", body, "loop")
    return [loop] if shape == "in place" else [Line(start, "start"), loop]


def _more(character, rng):
    return rng.choice([f"{character} != '\\0'", character,
                       f"{character} != 0"])  # all the same assembly


def _text_pointer(text, each, rng, style):
    if rng.random() < 0.6:
        body = _loaded(each, f"*{text}", "char", False, rng, style)
        return [Block(f"while ({_more('*' + text, rng)})",
                      [*body, Line(f"{style.add_one(text)};", "step")],
                      "loop")]
    body = _loaded(each, "*p", "char", True, rng, style)
    return [Block(f"for (const char *p = {text}; {_more('*p', rng)}; "
                  f"{style.add_one('p')})", body, "loop")]


def walk_text(text, each, rng, style, index_only=False):
    """A loop over the characters of a string that ends with NUL; with
    `index_only` its index is `style.names["index"]`."""
    i = style.names["index"]
    shape = rng.choices(["for", "while", "forever", "pointer"],
                        [5, 3, 2, 0 if index_only else 6])[0]
    if shape == "pointer":
        return _text_pointer(text, each, rng, style)
    x = f"{text}[{i}]"
    body = _loaded(each, x, "char", shape == "for", rng, style)
    if shape == "for":
        return [Block(f"for (int {i} = 0; {_more(x, rng)}; "
                      f"{style.add_one(i)})", body, "loop")]
    body.append(Line(f"{style.add_one(i)};", "step"))
    start = Line(f"int {i} = 0;", "start")
    if shape == "while":
        return [start, Block(f"while ({_more(x, rng)})", body, "loop")]
    leave = Block(f"if ({x} == '\\0')", [Line("break;", "step")], "guard")
    return [start, Block("while (1)", [leave, *body], "loop")]
