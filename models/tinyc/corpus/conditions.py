"""Conditions on an element: how they are said, named and tested."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Condition:
    """`tests` and `negated` are C expressions of `{x}`, the usual one first;
    two of a kind compile to different assembly."""
    name: str            # in function names
    words: str           # in comments: "the sum of the {words} values"
    tests: tuple
    negated: tuple
    parameter: str = ""  # name of a further parameter


NUMBERS = [
    Condition("even", "even", ("{x} % 2 == 0", "({x} & 1) == 0"),
              ("{x} % 2 != 0", "{x} & 1")),
    Condition("odd", "odd", ("{x} % 2 != 0", "{x} & 1"),
              ("{x} % 2 == 0", "({x} & 1) == 0")),
    Condition("positive", "positive", ("{x} > 0", "0 < {x}"),
              ("{x} <= 0", "0 >= {x}")),
    Condition("negative", "negative", ("{x} < 0", "0 > {x}"),
              ("{x} >= 0", "0 <= {x}")),
    Condition("nonzero", "nonzero", ("{x} != 0", "{x}"),
              ("{x} == 0", "!{x}")),
    Condition("above", "larger", ("{x} > limit", "limit < {x}"),
              ("{x} <= limit", "limit >= {x}"), "limit"),
    Condition("below", "smaller", ("{x} < limit", "limit > {x}"),
              ("{x} >= limit", "limit <= {x}"), "limit"),
    Condition("equal", "equal", ("{x} == key", "key == {x}"),
              ("{x} != key", "key != {x}"), "key"),
]

CHARACTERS = [
    Condition("digit", "digits",
              ("{x} >= '0' && {x} <= '9'",
               "{x} <= '9' && {x} >= '0'"),
              ("{x} < '0' || {x} > '9'",
               "{x} > '9' || {x} < '0'")),
    Condition("lower", "small letters",
              ("{x} >= 'a' && {x} <= 'z'",
               "{x} <= 'z' && {x} >= 'a'"),
              ("{x} < 'a' || {x} > 'z'",
               "{x} > 'z' || {x} < 'a'")),
    Condition("upper", "capital letters",
              ("{x} >= 'A' && {x} <= 'Z'",
               "{x} <= 'Z' && {x} >= 'A'"),
              ("{x} < 'A' || {x} > 'Z'",
               "{x} > 'Z' || {x} < 'A'")),
    Condition("space", "spaces", ("{x} == ' '", "' ' == {x}"),
              ("{x} != ' '", "' ' != {x}")),
    Condition("comma", "commas", ("{x} == ','", "',' == {x}"),
              ("{x} != ','", "',' != {x}")),
    Condition("quote", "quotes", ("{x} == '\"'", "'\"' == {x}"),
              ("{x} != '\"'", "'\"' != {x}")),
    Condition("mark", "given characters", ("{x} == mark", "mark == {x}"),
              ("{x} != mark", "mark != {x}"), "mark"),
]


def pick(expressions, x, rng):
    """One of the expressions for the element `x`, mostly the usual one."""
    weights = [6, 3][:len(expressions)]
    return rng.choices(expressions, weights)[0].format(x=x)
