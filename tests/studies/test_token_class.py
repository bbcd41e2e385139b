"""Token classes against a lexer made of regular expressions."""

import importlib
import itertools
import json
import random
import re
import subprocess
import sys

import pytest

import conftest

KEYWORDS = set(
    """auto break case char const continue default do double else enum extern
    float for goto if inline int long register restrict return short signed
    sizeof static struct switch typedef union unsigned void volatile while
    _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn
    _Static_assert _Thread_local""".split()
)
BLANK = b" \t\n\r\v\f"
SPLICE = rb"\\\r?\n"
LEXEMES = re.compile(
    rb"(?P<comment>/\*.*?(?:\*/|\Z)|//(?:" + SPLICE + rb"|[^\n])*)"
    rb"|(?P<white_space>[ \t\n\r\v\f]+|" + SPLICE + rb")"
    rb"|(?P<literal>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_\x80-\xff.])*"
    rb"|(?:u8|[uUL])?\"(?:" + SPLICE + rb"|\\[^\n]|[^\"\\\n])*(?:\"|\\\Z)?"
    rb"|(?:u8|[uUL])?'(?:" + SPLICE + rb"|\\[^\n]|[^'\\\n])*(?:'|\\\Z)?)"
    rb"|(?P<word>[A-Za-z_\x80-\xff][0-9A-Za-z_\x80-\xff]*)"
    rb"|(?P<punctuation>[][(){}.,;:?!~+\-*/%<>=&|^#])"
    rb"|(?P<other>.)",
    re.S,
)


def classes_of_bytes(text):
    """[class] of each byte of `text`."""
    classes, line, at = [], [], 0  # line: lexemes since its beginning
    while at < len(text):
        match = LEXEMES.match(text, at)
        kind, lexeme = match.lastgroup, match[0]
        if kind == "punctuation" and line == [b"#", b"include"]:
            header = re.match(rb"<[^>\n]*>", text[at:])
            if header:
                kind, lexeme = "literal", header[0]
        if kind == "word":
            known = lexeme.decode("latin-1") in KEYWORDS or line == [b"#"]
            kind = "keyword" if known else "identifier"
        if kind == "white_space" and b"\n" in lexeme and lexeme[:1] != b"\\":
            line = []
        elif kind not in ("white_space", "comment"):
            line.append(lexeme)
        classes += [kind] * len(lexeme)
        at += len(lexeme)
    return classes


def expected(tokens):
    """`tokens`: bytes, b"" being unknown."""
    result = []
    for unknown, run in itertools.groupby(tokens, lambda token: not token):
        run = list(run)
        if unknown:
            result += ["unknown"] * len(run)
            continue
        classes, at = classes_of_bytes(b"".join(run)), 0
        for token in run:
            solid = [i for i, c in enumerate(token) if c not in BLANK]
            result.append(classes[at + (solid[0] if solid else 0)])
            at += len(token)
    return result


def classify(texts):
    """`texts`: lists of tokens."""
    words = sorted({token for tokens in texts for token in tokens})
    trace = {
        "has_token_ids": True,
        "layers": [],
        "sequences": [
            {"id": "x", "prompt_tokens": 1, "rows": [],
             "tokens": [words.index(token) for token in tokens]}
            for tokens in texts
        ],
        "vocabulary": [word.hex() for word in words],
    }
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/study_trace", "token_classes"],
        input=json.dumps(trace), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def cut(rng, text, unknown=0.0):
    tokens, at = [], 0
    while at < len(text):
        size = rng.choice([1, 1, 2, 3, 5, 8])
        tokens.append(text[at: at + size])
        at += size
        if rng.random() < unknown:
            tokens.append(b"")
    return tokens


def check(texts):
    for tokens, ours in zip(texts, classify(texts), strict=True):
        theirs = expected(tokens)
        assert ours == theirs, list(zip(tokens, ours, theirs))


PIECES = [
    b"int ", b"return", b"x", b"foo_1", b"_Bool", b" ", b"\n", b"\t", b"\r\n",
    b"/*", b"*/", b"//", b"/", b"*", b'"', b"'", b"\\", b"\\\n", b"\\\r\n",
    b"#", b"# include", b"#define", b"<stdio.h>", b"<", b">", b"0x1Fp-3",
    b"1e+5", b".5", b"...", b"L'", b'u8"', b"uU", b"@", b"$", b"`", b"\0",
    b"\xc3\xa9", b"\xff", b"%", b"##", b"a+b;", b'\\"', b"'a'", b'"s %d"',
]


@pytest.mark.parametrize("seed", range(40))
def test_random_text_cut_anywhere(seed):
    rng = random.Random(seed)
    texts = []
    for _ in range(40):
        text = b"".join(rng.choice(PIECES) for _ in range(rng.randrange(80)))
        texts.append(cut(rng, text, unknown=0.05 * (seed % 2)))
    check(texts)


def test_random_bytes():
    rng = random.Random(1)
    check([cut(rng, rng.randbytes(500), unknown=0.01) for _ in range(50)])


def test_every_class_occurs():
    tokens = [b"#", b"include", b" <a.h>", b"\n", b"int", b" caf\xc3", b"\xa9",
              b"=", b" '", b" ", b"'", b";", b"//", b" ", b"x", b"\n", b"@",
              b"", b"if"]
    assert classify([tokens]) == [[
        "punctuation", "keyword", "literal", "white_space", "keyword",
        "identifier", "identifier", "punctuation", "literal", "literal",
        "literal", "punctuation", "comment", "comment", "comment",
        "white_space", "other", "unknown", "keyword"]]


def test_the_corpus_of_the_small_model(monkeypatch):
    monkeypatch.syspath_prepend(str(conftest.ROOT / "models/tinyc"))
    corpus = importlib.import_module("corpus")
    rng = random.Random(2)
    texts = [text.encode() for _, text in
             itertools.islice(corpus.documents(7), 200)]
    for name in [n for n in sys.modules if n.split(".")[0] == "corpus"]:
        monkeypatch.delitem(sys.modules, name)
    tokens = [cut(rng, text) for text in texts]
    check(tokens)
    found = {one for classes in classify(tokens) for one in classes}
    assert {"identifier", "keyword", "literal", "comment"} <= found
