"""The corpus: reproducible, compilable, varied, and free of the prompts."""

import collections
import concurrent.futures
import itertools
import random
import subprocess
import sys

import pytest

import compiled
import conftest
import corpus


def documents(seed, count):
    return list(itertools.islice(corpus.documents(seed), count))


def test_a_seed_gives_the_same_documents():
    assert documents("a", 200) == documents("a", 200)
    assert documents("a", 200) != documents("b", 200)


def test_prompts_are_the_ones_that_were_published(prompts):
    made = subprocess.run(
        [sys.executable, conftest.TINYC / "make_prompts.py"], check=True,
        capture_output=True, text=True).stdout
    assert made == (conftest.TINYC / "prompts.jsonl").read_text()
    counts = collections.Counter(p["labels"]["category"] for p in prompts)
    assert counts == dict.fromkeys(corpus.CATEGORIES, corpus.HELD_OUT)
    assert len({p["labels"]["template"] for p in prompts}) == len(prompts)


def test_no_document_is_about_a_held_out_task(prompts):
    """By its text: but for comments, no document begins as a prompt does."""
    def without_comments(text):
        return "\n".join(line for line in text.splitlines()
                         if not line.startswith(("//", "/*")))

    heads = tuple(without_comments(p["prompt"]) for p in prompts
                  if p["labels"]["category"] != "prose")
    found = collections.Counter(
        without_comments(text).startswith(heads)
        for category, text in documents("search", 20000)
        if category != "prose")
    assert found[False] > 10000 and not found[True]


def test_functions_compile_without_a_warning():
    texts = [text for category, text in documents("compile", 400)
             if category != "prose"]

    def complaints(text):
        return subprocess.run(
            ["gcc", "-S", "-O0", "-Wall", "-Wextra", "-Wno-unused-parameter",
             "-Wno-sign-compare", "-x", "c", "-", "-o", "/dev/null"],
            input=text, text=True, capture_output=True, check=False).stderr

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert not any(pool.map(complaints, texts))


@pytest.mark.parametrize("category", ["arithmetic", "strings", "structures"])
def test_different_text_has_equal_assembly_and_not(category):
    """Of 60 documents of one task: mostly distinct texts, fewer programs."""
    task = corpus.held_out(category)[0]
    rng = random.Random(5)
    texts, codes = set(), collections.Counter()
    for _ in range(60):
        text = corpus.CATEGORIES[category].document(
            task, rng, corpus.random_style(rng))
        head, brace, body = text.partition(") {\n")
        texts.add(text)
        codes[compiled.assembly(head + brace, body)] += 1
    assert None not in codes
    assert len(texts) > 50
    assert 5 < len(codes) < len(texts)
