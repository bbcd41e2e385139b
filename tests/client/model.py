"""A language model of 30 tokens whose every number is computed here.

The next-token distribution depends on the last three tokens.  What is
sampled depends on all tokens before and on nothing else, so that the same
request has the same answer however often and in whatever order it is sent.
"""

import hashlib
import math

VOCABULARY = 30
END = 0


def _number(*parts):
    """A number in [0, 1) made of the parts."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2 ** 56


def tokens_of(text):
    return [1 + ord(letter) % (VOCABULARY - 1) for letter in text]


def distribution(tokens):
    """The probability of each token after these."""
    context = tuple(tokens[-3:])
    weights = [math.exp(9 * _number(context, token)) for token in
               range(VOCABULARY)]
    total = sum(weights)
    return [weight / total for weight in weights]


def logprobs(tokens, count):
    """[[token, logprob], ...] of the most probable next tokens."""
    pairs = [[token, math.log(share)]
             for token, share in enumerate(distribution(tokens))]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:count]


def _sample(tokens, temperature, top_p):
    order = [token for token, _ in logprobs(tokens, VOCABULARY)]
    if temperature == 0:
        return order[0]
    shares = [share ** (1 / temperature) for share in distribution(tokens)]
    total, kept, mass = sum(shares), [], 0.0
    for token in order:
        kept.append(token)
        mass += shares[token] / total
        if mass >= top_p:
            break
    rest = _number("sample", tuple(tokens)) * sum(shares[t] for t in kept)
    for token in kept:
        rest -= shares[token]
        if rest < 0:
            return token
    return kept[-1]


def complete(prompt, max_tokens, temperature=1.0, top_p=1.0):
    """(sampled tokens, finish reason)"""
    tokens = list(prompt)
    while len(tokens) < len(prompt) + max_tokens:
        tokens.append(_sample(tokens, temperature, top_p))
        if tokens[-1] == END:
            return tokens[len(prompt):], "stop"
    return tokens[len(prompt):], "length"
