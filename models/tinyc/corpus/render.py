"""Turns statements into C text: comments, blank lines and spelling vary.

A function body is a list of `Line` and `Block`.  What this module chooses at
random (comments, blank lines, braces, `i++` or `i += 1`, names) never changes
the assembly of `gcc -S -O0`; what does change it is chosen by the modules that
build the statements.
"""

import dataclasses

INDENT = "    "

COMMENTS = {
    "start": ["start with nothing", "nothing seen so far", "initial value",
              "the result so far", "set up the result"],
    "guard": ["nothing to do", "check the input first", "empty input",
              "handle the empty case", "be careful with bad input"],
    "loop": ["look at each element", "go through all of them",
             "visit every element once", "walk from start to end",
             "scan the input", "one step for each element"],
    "load": ["the current element", "take the next one", "keep a copy",
             "read it once"],
    "test": ["does this one count?", "only the ones we want",
             "check the condition", "select the element",
             "ignore all the others"],
    "skip": ["not interesting", "skip this one", "ignore it",
             "go on with the next"],
    "update": ["add it to the result", "update the result", "remember this",
               "take it into account", "one more"],
    "step": ["move on", "next element", "advance", "one step further"],
    "write": ["store it", "write the element", "put it in place",
              "change it in place"],
    "recur": ["ask both subtrees", "go down the tree", "the rest of the tree",
              "recursive part"],
    "link": ["update the links", "connect the nodes", "keep the list intact",
             "attach it"],
    "return": ["done", "this is the answer", "return the result",
               "report what was found", "hand back the result"],
}


@dataclasses.dataclass
class Line:
    text: str
    role: str


@dataclasses.dataclass
class Block:
    head: str
    body: list
    role: str


@dataclasses.dataclass
class Style:
    """How one document is spelled."""
    slashes: bool       # comments as // or /* */
    comments: float     # probability of a comment at a statement
    blanks: float       # probability of a blank line before a statement
    braces: bool        # around single statements
    increment: str      # "{}++", ...
    names: dict         # role of a variable -> its name

    def add_one(self, variable):
        return self.increment.format(variable)

    def comment(self, text):
        return f"// {text}" if self.slashes else f"/* {text} */"


NAMES = {"total": ["total", "result", "sum"], "index": ["i", "k", "pos"],
         "value": ["value", "item", "x"], "best": ["best"],
         "found": ["found", "hit"], "node": ["node", "cur", "p"],
         "end": ["end", "stop"], "out": ["out", "to"],
         "flag": ["wanted", "match", "ok"]}


def random_style(rng):
    return Style(
        slashes=rng.random() < 0.6,
        comments=rng.choice([0.0, 0.2, 0.4, 0.7]),
        blanks=rng.choice([0.0, 0.1, 0.3]),
        braces=rng.random() < 0.7,
        increment=rng.choices(["{}++", "++{}", "{} += 1"], [6, 2, 2])[0],
        names={role: rng.choices(names, [4, 2, 2][:len(names)])[0]
               for role, names in NAMES.items()})


def _comment_lines(statement, style, rng, indent):
    """(lines above the statement, text behind it)."""
    if rng.random() >= style.comments:
        return [], ""
    comment = style.comment(rng.choice(COMMENTS[statement.role]))
    if isinstance(statement, Line) and rng.random() < 0.3:
        return [], "  " + comment
    return [indent + comment], ""


def _plain(body):
    return len(body) == 1 and isinstance(body[0], Line)


def _render_block(block, style, rng, indent):
    inner = indent + INDENT
    if _plain(block.body) and not style.braces:
        return [indent + block.head, inner + block.body[0].text]
    return [f"{indent}{block.head} {{",
            *render(block.body, style, rng, inner), indent + "}"]


def render(body, style, rng, indent=INDENT):
    """The lines of a function's body."""
    lines = []
    for number, statement in enumerate(body):
        above, behind = _comment_lines(statement, style, rng, indent)
        if number > 0 and rng.random() < style.blanks:
            lines.append("")
        lines += above
        if isinstance(statement, Line):
            lines.append(indent + statement.text + behind)
        else:
            lines += _render_block(statement, style, rng, indent)
    return lines


def header(words, rng):
    """The comment above a function."""
    sentence = words if words.endswith("?") else words + "."
    return rng.choice(["/* {} */", "// {}"]).format(sentence)


def code(head, body, style, rng):
    """A document: head (up to the opening brace) and the rendered body."""
    return head + "\n" + "\n".join(render(body, style, rng)) + "\n}\n"
