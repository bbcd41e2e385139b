"""Documentation in plain English about such functions."""

from .conditions import CHARACTERS, NUMBERS
from .tasks import Task

CONTAINERS = {"array": "an array", "list": "a linked list",
              "tree": "a tree", "stack": "a stack", "text": "a string"}
VERBS = {
    "sum": ["adds up", "computes the sum of", "returns the sum of"],
    "product": ["multiplies", "computes the product of"],
    "count": ["counts", "returns the number of", "says how many there are of"],
    "largest": ["finds the largest of", "returns the largest of"],
    "any": ["looks for any of", "tells whether there is one of"],
    "first": ["finds the first of", "returns the place of the first of"],
    "last": ["finds the last of", "returns the place of the last of"],
}
OPENINGS = ["The function {name} {verb} the {what} of {container}.",
            "This function {verb} the {what} of {container}.",
            "Use {name} where the program {verb} the {what} of {container}."]
INPUT = {
    "array": ["It takes a pointer to the values and their number.",
              "The caller passes the values and says how many there are.",
              "Its arguments are the values and the count."],
    "list": ["It takes the first node of the list.",
             "The caller passes the head of the list.",
             "Its argument is a pointer to the first node."],
    "tree": ["It takes the root of the tree.",
             "The caller passes the root, which may be empty.",
             "Its argument is a pointer to the root."],
    "stack": ["It takes a pointer to the stack.",
              "The caller passes the stack, which is not changed.",
              "Its argument is a pointer to the stack."],
    "text": ["It takes a pointer to the first character.",
             "The caller passes a string that ends with a zero byte.",
             "Its argument is the string, and it is not changed."],
}
PARAMETERS = {
    "limit": ["The limit itself is not counted.",
              "A further argument gives the limit.",
              "What is exactly at the limit does not belong to it."],
    "key": ["The key is compared with each value.",
            "A further argument gives the key."],
    "mark": ["A further argument names the character.",
             "Small and capital letters are different characters."],
}
EMPTY = ["If there is nothing to look at, the result is zero.",
         "For empty input it returns zero at once.",
         "Nothing bad happens when the input is empty."]
COST = ["Each element is read once, so the time grows with the length.",
        "The time is linear, and no memory is allocated.",
        "It needs no memory of its own, and reads everything once.",
        "For long input this is fast enough, since nothing is copied."]
ADVICE = ["Call it with input that does not change in the meantime.",
          "Several threads may call it at once, as long as nobody writes.",
          "The caller still owns the memory when it returns.",
          "Errors are not reported, so check the arguments first.",
          "Test it with a small example before you rely on it."]
CLOSINGS = ["See also the other functions of this file.",
            "More examples are in the tests.",
            "The code is short and easy to read.",
            "Later versions may return a larger type."]


def tasks():
    numbers = [Task("prose", container, operation, condition, "prose")
               for container in ("array", "list", "tree", "stack")
               for operation in VERBS for condition in NUMBERS]
    return numbers + [Task("prose", "text", operation, condition, "prose")
                      for operation in ("count", "any", "first", "last")
                      for condition in CHARACTERS]


def head(task, rng):
    what = task.condition.words
    if task.container != "text":
        what += " values"
    opening = rng.choice(OPENINGS).format(
        name=task.name, verb=rng.choice(VERBS[task.operation]), what=what,
        container=CONTAINERS[task.container])
    return f"# {task.name}\n\n{opening}"


def document(task, rng, style):
    del style
    middle = [rng.choice(INPUT[task.container])]
    if task.condition.parameter:
        middle.append(rng.choice(PARAMETERS[task.condition.parameter]))
    middle += [rng.choice(sentences) for sentences in (EMPTY, COST)
               if rng.random() < 0.8]
    if rng.random() < 0.3:
        rng.shuffle(middle)
    advice = rng.sample(ADVICE, rng.choice([1, 1, 2]))
    if rng.random() < 0.5:
        advice.append(rng.choice(CLOSINGS))
    gap = rng.choice([" ", "\n"])
    return (head(task, rng) + gap + gap.join(middle) + "\n\n"
            + gap.join(advice) + "\n")
