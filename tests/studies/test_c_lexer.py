"""The lexer of C against clang's, and its comments against gcc's."""

import bisect
import random
import re
import subprocess

import pytest

import c_texts

SPLICE = re.compile(rb"\\[ \t\v\f\r]*\n")
KINDS = {
    "raw_identifier": "word", "identifier": "word", "keyword": "word",
    "numeric_constant": "number", "comment": "comment",
}
QUOTED = re.compile(rb"(?:u8|[uUL])?([\"'])")


def spell(text):
    return SPLICE.sub(b"", text).replace(b"\r\n", b"\n")


def clang_tokens(text, folder):
    """[(kind, begin, spelling)] of tokens that are no white space."""
    path = folder / "text.c"
    path.write_bytes(text)
    done = subprocess.run(
        ["clang-14", "-cc1", "-dump-raw-tokens", "-x", "c", "-std=gnu17", path],
        capture_output=True, check=False)
    dump = re.compile(rb"(\w+) '.*?Loc=<" + re.escape(bytes(path)) +
                      rb":(\d+):(\d+)>\n", re.S)
    lines = [0] + [m.end() for m in re.finditer(rb"\n", text)]
    tokens = [(m[1].decode(), lines[int(m[2]) - 1] + int(m[3]) - 1)
              for m in dump.finditer(done.stderr)]
    assert tokens
    result = []
    ends = [begin for _, begin in tokens[1:]] + [len(text)]
    for (kind, begin), end in zip(tokens, ends, strict=True):
        while splice := SPLICE.match(text, begin, end):
            begin = splice.end()
        spelling = spell(text[begin:end])
        if kind != "eof" and spelling.strip():
            result.append((kind_of(kind, spelling), begin, spelling))
    return result


def kind_of(kind, spelling):
    if quote := QUOTED.match(spelling):
        return "string" if quote[1] == b'"' else "character"
    if kind == "unknown":
        return "comment" if spelling[:2] == b"/*" else "other"
    return KINDS.get(kind, "punctuator")


def our_tokens(text, listed):
    tokens = []
    for kind, begin, end, spelling, _ in listed:
        spelling = bytes.fromhex(spelling)
        assert spell(text[begin:end]) == spelling
        kind = "word" if kind in ("identifier", "keyword") else kind
        tokens.append((kind, begin, spelling))
    return tokens


def merge_headers(theirs, ours, listed):
    """clang's raw lexer knows no header names: takes ours for its pieces."""
    headers = [(begin, end, token)
               for token, (kind, begin, end, _, _) in zip(ours, listed)
               if kind == "header"]
    begins = [begin for begin, _, _ in headers]
    result = []
    for token in theirs:
        at = bisect.bisect(begins, token[1]) - 1
        if at < 0 or token[1] >= headers[at][1]:
            result.append(token)
        elif token[1] == headers[at][0]:
            result.append(headers[at][2])
    return result


def check(texts, folder):
    for text, listed in zip(texts, c_texts.c_text("tokens", texts),
                            strict=True):
        ours = our_tokens(text, listed)
        theirs = merge_headers(clang_tokens(text, folder), ours, listed)
        assert ours == theirs, text[:2000]


PIECES = [
    b"int ", b"x", b"foo_1", b" ", b"  ", b"\n", b"\t", b"\r\n", b"/*", b"*/",
    b"//", b"/", b"*", b'"', b"'", b"\\", b"\\\n", b"\\\r\n", b"\\ \n", b"#",
    b"\n#", b"<", b">", b"0x1Fp-3", b"1e+5", b".5", b"...", b"L'", b'u8"',
    b"u", b"U", b"@", b"`", b"%", b":", b"##", b"a+b;",
    b'\\"', b"'a'", b'"s %d"', b"\\u00e9", b"<<=", b"-", b"=", b"&", b"|",
    b"+", b"!", b"^", b"~", b"?", b".", b",",
]


@pytest.mark.parametrize("seed", range(30))
def test_random_pieces(seed, tmp_path):
    rng = random.Random(seed)
    check([b"".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 60)))
           for _ in range(5)], tmp_path)


# No \r, which is a newline to clang even when it stands alone.
SIGNS = [piece for piece in PIECES if re.match(rb"[/*\"'\\#][^\r]*$", piece)]


def test_programs_with_spliced_lines(tmp_path, monkeypatch):
    rng = random.Random(1)
    texts = []
    for text in c_texts.corpus_texts(60, monkeypatch):
        for _ in range(10):
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice(SIGNS) + text[at:]
        texts.append(text)
    check(texts, tmp_path)


def test_headers(tmp_path):
    check(c_texts.header_texts(100), tmp_path)


def code(text):
    return [(kind, spelling)
            for kind, _, _, spelling, _ in c_texts.c_text("tokens", [text])[0]
            if kind != "comment"]


def test_gcc_strips_the_same_comments(monkeypatch):
    compared = 0
    texts = c_texts.corpus_texts(60, monkeypatch) + c_texts.header_texts(100)
    for text in texts:
        text = SPLICE.sub(b"", text)  # gcc keeps them in preprocessed text
        done = subprocess.run(
            ["gcc", "-std=gnu17", "-fpreprocessed", "-dD", "-E", "-P", "-"],
            input=text, capture_output=True, check=False)
        if done.stderr or b"pragma" in text:
            continue  # gcc obeyed a directive
        compared += 1
        assert code(text) == code(done.stdout)
        tokens = c_texts.c_text("tokens", [done.stdout])[0]
        assert not [one for one in tokens if one[0] == "comment"]
    assert compared > 100
