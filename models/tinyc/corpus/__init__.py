"""A synthetic corpus: small C functions of three kinds, and prose about them.

What a function does is one `Task`.  How it does it varies in two ways: in what
`gcc -S -O0` sees (the shape of the loop, the order of a test, a local copy),
and in what it does not see (comments, blank lines, names, braces, `i++`).  So
different texts with the same assembly occur, and different programs as well.

Everything is a function of a seed.  Twenty tasks of each category never occur
in `documents`: they are the held-out prompts (`held_out`).
"""

import random

from . import arithmetic, prose, strings, structures
from .render import random_style

CATEGORIES = {"arithmetic": arithmetic, "strings": strings,
              "structures": structures, "prose": prose}
HELD_OUT = 20       # tasks of each category
HELD_OUT_SEED = 11  # chooses them; part of the published prompts


def held_out(category):
    """The tasks of a category that are never trained on, in fixed order."""
    return random.Random(f"{HELD_OUT_SEED} {category}").sample(
        CATEGORIES[category].tasks(), HELD_OUT)


def head(task, rng):
    """How a document of this task begins: a prompt."""
    return CATEGORIES[task.category].head(task, rng)


def documents(seed):
    """Endless documents, (category, text); the same for the same seed."""
    rng = random.Random(seed)
    allowed = {}
    for name, module in CATEGORIES.items():
        excluded = {task.key for task in held_out(name)}
        allowed[name] = [task for task in module.tasks()
                         if task.key not in excluded]
    while True:
        name = rng.choice(list(CATEGORIES))
        task = rng.choice(allowed[name])
        yield name, CATEGORIES[name].document(task, rng, random_style(rng))
