"""What is done with the elements that meet a condition."""

import dataclasses

from .conditions import pick
from .render import Block, Line


def select(condition, x, then, may_skip, rng, style):
    """`then` for the elements that meet the condition."""
    if may_skip and rng.random() < 0.25:
        test = pick(condition.negated, x, rng)
        return [Block(f"if ({test})", [Line("continue;", "skip")], "test"),
                *then]
    test = pick(condition.tests, x, rng)
    if rng.random() < 0.2:
        flag = style.names["flag"]
        return [Line(f"int {flag} = {test};", "test"),
                Block(f"if ({flag})", then, "test")]
    return [Block(f"if ({test})", then, "test")]


def doing(condition, text, role, rng, style):
    """An `each` of one statement for the elements that meet the condition."""
    def each(x, may_skip):
        return select(condition, x, [Line(text, role)], may_skip, rng, style)
    return each


def guarded(body, test, value, rng):
    """`body`, sometimes behind a check of the input."""
    if rng.random() < 0.75:
        return body
    return [Block(f"if ({test})", [Line(f"return {value};", "return")],
                  "guard"), *body]


def negation(condition):
    """The condition that the others meet."""
    return dataclasses.replace(condition, tests=condition.negated,
                               negated=condition.tests)


def _accumulate(name, first, update):
    """An operation that keeps one number; `update` is of `{t}` and `{x}`."""
    def build(kind, condition, loop, rng, style):
        t = style.names["total"]
        kind = "int" if name == "count" else kind
        operator = rng.random() < 0.8  # `t += x`, else `t = t + x`

        def each(x, may_skip):
            then = [Line(update(t, x, operator, style), "update")]
            return select(condition, x, then, may_skip, rng, style)
        return [Line(f"{kind} {t} = {first};", "start"),
                *loop(each), Line(f"return {t};", "return")]
    return build


def _sum(t, x, operator, style):
    del style
    return f"{t} += {x};" if operator else f"{t} = {t} + {x};"


def _product(t, x, operator, style):
    del style
    return f"{t} *= {x};" if operator else f"{t} = {t} * {x};"


def _squares(t, x, operator, style):
    return _sum(t, f"{x} * {x}", operator, style)


def _count(t, x, operator, style):
    del x
    return f"{style.add_one(t)};" if operator else f"{t} = {t} + 1;"


def _largest(kind, condition, loop, rng, style):
    best = style.names["best"]

    def each(x, may_skip):
        test = pick((f"{x} > {best}", f"{best} < {x}"), x, rng)
        then = [Line(f"{best} = {x};", "update")]
        if rng.random() < 0.3:
            condition_test = pick(condition.tests, x, rng)
            return [Block(f"if ({condition_test} && {test})", then, "test")]
        return select(condition, x, [Block(f"if ({test})", then, "test")],
                      may_skip, rng, style)
    return [Line(f"{kind} {best} = 0;", "start"), *loop(each),
            Line(f"return {best};", "return")]


def _any(kind, condition, loop, rng, style):
    del kind
    if rng.random() < 0.7:
        return [*loop(doing(condition, "return 1;", "return", rng, style)),
                Line("return 0;", "return")]
    found = style.names["found"]
    mark = doing(condition, f"{found} = 1;", "update", rng, style)
    return [Line(f"int {found} = 0;", "start"), *loop(mark),
            Line(f"return {found};", "return")]


def _all(kind, condition, loop, rng, style):
    del kind
    leave = doing(negation(condition), "return 0;", "return", rng, style)
    return [*loop(leave), Line("return 1;", "return")]


def first_index(condition, loop, rng, style):
    """The index of the first element that the loop meets, or -1.  The loop's
    index is `style.names["index"]`, here and below."""
    leave = doing(condition, f"return {style.names['index']};", "return", rng,
                  style)
    return [*loop(leave), Line("return -1;", "return")]


def last_index(condition, loop, rng, style):
    """The index of the last element that the loop meets, or -1."""
    found = style.names["found"]
    mark = doing(condition, f"{found} = {style.names['index']};", "update",
                 rng, style)
    return [Line(f"int {found} = -1;", "start"), *loop(mark),
            Line(f"return {found};", "return")]


OPERATIONS = {
    "sum": _accumulate("sum", 0, _sum),
    "product": _accumulate("product", 1, _product),
    "squares": _accumulate("squares", 0, _squares),
    "count": _accumulate("count", 0, _count),
    "largest": _largest,
    "any": _any,
    "all": _all,
}

# What an operation returns where there is no element; 0 for the others.
EMPTY = {"product": 1, "all": 1, "first": -1, "last": -1}

# What a header comment says; {of} becomes "even values of an array".
WORDS = {
    "sum": ["Sum of the {of}", "Returns the sum of the {of}",
            "Adds the {of}"],
    "product": ["Product of the {of}", "Returns the product of the {of}",
                "Multiplies the {of}"],
    "squares": ["Sum of the squares of the {of}",
                "Adds the squares of the {of}"],
    "count": ["Number of the {of}", "Counts the {of}",
              "Returns the number of the {of}"],
    "largest": ["Largest of the {of}", "Returns the largest of the {of}"],
    "any": ["Is there one of the {of}?", "Looks for any of the {of}"],
    "all": ["Are there none but the {of}?", "Checks for none but the {of}"],
}
INDEX_WORDS = {
    "first": ["Index of the first of the {of}, or -1",
              "Finds the first of the {of}"],
    "last": ["Index of the last of the {of}, or -1",
             "Finds the last of the {of}"],
}
