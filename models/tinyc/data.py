"""Batches of tokens: whole documents, packed, none attending to another."""

import itertools
import random

import torch

import corpus


def _documents(tokenizer, seed):
    for _, text in corpus.documents(seed):
        yield tokenizer(text)["input_ids"] + [tokenizer.eos_token_id]


def batch(tokenizer, seed, step, rows, length):
    """Tensors of the step: ids, positions and labels, each [rows, length].

    The batch depends on nothing but the arguments, so a run that is resumed
    sees what it would have seen.  Positions restart at each document, by which
    `transformers` knows where one ends; the first token of a document is
    predicted from nothing, so it has no label.  A row's last document is cut.
    """
    ids, positions, labels = [], [], []
    stream = _documents(tokenizer, random.Random(f"{seed} {step}").random())
    for _ in range(rows):
        row, places, goals = [], [], []
        while len(row) < length:
            document = next(stream)
            row += document
            places += range(len(document))
            goals += [-100, *document[1:]]
        ids.append(row[:length])
        positions.append(places[:length])
        labels.append(goals[:length])
    return tuple(torch.tensor(rows) for rows in (ids, positions, labels))


def held_back(tokenizer, seed, count):
    """`count` documents for validation, from a stream of their own."""
    return list(itertools.islice(
        _documents(tokenizer, random.Random(f"{seed} validation").random()),
        count))
