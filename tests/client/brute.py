"""The tree strategy once more, from the model alone and without care for
speed."""

import math

import model


def nucleus(tokens, asked, top_p):
    """(members of the nucleus, whether it is reached)"""
    ranked = model.logprobs(tokens, asked)
    for count in range(1, len(ranked) + 1):
        if sum(math.exp(value) for _, value in ranked[:count]) >= top_p:
            return [token for token, _ in ranked[:count]], True
    return [token for token, _ in ranked], False


def logprob(tokens, start):
    """Of the tokens from `start`, given those before."""
    return sum(math.log(model.distribution(tokens[:at])[tokens[at]])
               for at in range(start, len(tokens)))


def children(root, sequences, ends, options):
    """All paths of the next level that start one token off `sequences`:
    [(log-probability, position, token, path)]."""
    found = []
    for begin, tokens in sequences:
        for at in range(begin, len(tokens)):
            if at + 1 - len(root) >= options["max_tokens"]:
                continue
            members, reached = nucleus(tokens[:at], options["logprobs"],
                                       options["top_p"])
            if len(members) == 1 and reached:
                continue
            for token in members:
                path = tokens[:at] + [token]
                if token not in ends and token != tokens[at]:
                    found.append((-logprob(path, len(root)), at, token, path))
    return sorted(found)


def grow(roots, options):
    """{tokens sent: tokens sampled} of all requests of all trees."""
    def ask(path, root):
        return model.complete(path, options["max_tokens"] + len(root) -
                              len(path), options["temperature"],
                              options["top_p"])

    asked, ends, level = {}, set(), [[(root, root)] for root in roots]
    left = [options["leaves"]] * len(roots)
    for _ in range(options["depth"] + 1):
        after = []
        for number, requests in enumerate(level):
            left[number] -= len(requests)
            answers = [(path, *ask(path, root)) for root, path in requests]
            asked.update((tuple(path), sampled) for path, sampled, _
                         in answers)
            ends |= {sampled[-1] for _, sampled, finish in answers
                     if finish == "stop"}
            after.append([(len(path), path + sampled)
                          for path, sampled, _ in answers])
        level = [[(root, path) for *_, path in
                  children(root, sequences, ends, options)[:budget]]
                 for root, sequences, budget in zip(roots, after, left)]
    return asked
