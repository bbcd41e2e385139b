"""Bytes of every token of a tokenizer.

The bytes of tokens put in a row are the text that the tokenizer decodes,
except that SentencePiece tokenizers drop one blank at the start of a text.
"""

import json
import re

import numpy as np

from moetap_vllm import abi as abi_module

RUN = 4096  # tokens per report
LONGEST = 65535  # bytes of one token that fit a report
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>$")


def byte_alphabet():
    """The characters that byte-level BPE writes for bytes: {char: byte}."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    alphabet = {chr(byte): byte for byte in plain}
    alphabet.update({chr(256 + index): byte
                     for index, byte in enumerate(others)})
    return alphabet


def decoder_types(tokenizer):
    """Names of the decoder's parts; empty if it is not a fast tokenizer."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or backend.decoder is None:
        return set()
    state = json.loads(backend.decoder.__getstate__())
    return {part["type"] for part in state.get("decoders", [state])}


def byte_level(tokens):
    """Each token is written in the alphabet of byte-level BPE."""
    alphabet = byte_alphabet()
    return [bytes(map(alphabet.__getitem__, token))
            if alphabet.keys() >= set(token) else token.encode()
            for token in tokens]


def sentence_piece(tokens):
    """A blank is U+2581; a byte without a token of its own is <0xHH>."""
    found = []
    for token in tokens:
        byte = _BYTE.match(token)
        found.append(bytes([int(byte.group(1), 16)]) if byte
                     else token.replace("\u2581", " ").encode())
    return found


def token_bytes(tokenizer):
    """The bytes of token 0, 1, ...; empty for ids without a token."""
    size = max(tokenizer.get_vocab().values()) + 1
    tokens = [token or "" for token in
              tokenizer.convert_ids_to_tokens(list(range(size)))]
    types = decoder_types(tokenizer)
    if "ByteLevel" in types:
        found = byte_level(tokens)
    elif (types & {"ByteFallback", "Metaspace"}
          or hasattr(tokenizer, "sp_model")):
        found = sentence_piece(tokens)
    else:
        found = [tokenizer.decode([index]).encode() if token else b""
                 for index, token in enumerate(tokens)]
    for index, token in getattr(tokenizer, "added_tokens_decoder",
                                {}).items():
        found[index] = str(token).encode()
    return [one[:LONGEST] for one in found]


def report(abi, tokenizer):
    found = token_bytes(tokenizer)
    for first in range(0, len(found), RUN):
        run = found[first:first + RUN]
        lengths = np.array([len(one) for one in run], np.uint16)
        text = np.frombuffer(b"".join(run) or b"\0", np.uint8)
        abi.vocabulary(first, abi_module.address(lengths), len(run),
                       abi_module.address(text))
