"""Token bytes against what the tokenizers themselves decode."""

import tokenizers
from fakes import RecordingAbi
from transformers import PreTrainedTokenizerFast

from moetap_vllm import vocabulary

TEXTS = ["int main(void) { return 0; }\n", "na\u00efve caf\u00e9 \u4f60\u597d",
         "  two blanks\t\ttabs\r\n", "\U0001f600 done", "a<|end|>b"]


def byte_level():
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    bpe.train_from_iterator(TEXTS * 3, tokenizers.trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|end|>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|end|>",
                                   clean_up_tokenization_spaces=False)


def sentence_piece():
    """As the tokenizers of Llama 2 and Mixtral decode."""
    vocabulary_of = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for byte in range(256):
        vocabulary_of[f"<0x{byte:02X}>"] = len(vocabulary_of)
    for piece in ["\u2581", "i", "n", "t", "a", "\u2581int", "main"]:
        vocabulary_of[piece] = len(vocabulary_of)
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocabulary_of, [], byte_fallback=True, unk_token="<unk>"))
    bpe.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Prepend("\u2581"),
        tokenizers.normalizers.Replace(" ", "\u2581")])
    bpe.decoder = tokenizers.decoders.Sequence([
        tokenizers.decoders.Replace("\u2581", " "),
        tokenizers.decoders.ByteFallback(), tokenizers.decoders.Fuse(),
        tokenizers.decoders.Strip(" ", 1, 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="</s>", bos_token="<s>",
        clean_up_tokenization_spaces=False)


def word_piece():
    model = tokenizers.models.WordPiece(
        {"[UNK]": 0, "play": 1, "##ing": 2}, unk_token="[UNK]")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(model), unk_token="[UNK]")


def joined(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False)
    found = vocabulary.token_bytes(tokenizer)
    return ids, b"".join(found[index] for index in ids).decode()


def test_byte_level_bpe():
    tokenizer = byte_level()
    for text in TEXTS:
        ids, spelled = joined(tokenizer, text)
        assert spelled == tokenizer.decode(ids) == text
    found = vocabulary.token_bytes(tokenizer)
    assert len(found) == len(tokenizer)
    assert {bytes([byte]) for byte in range(256)} <= set(found)


def test_sentence_piece_with_byte_fallback():
    tokenizer = sentence_piece()
    for text in TEXTS[:4]:
        ids, spelled = joined(tokenizer, text)
        assert spelled == " " + tokenizer.decode(ids) == " " + text
    found = vocabulary.token_bytes(tokenizer)
    assert found[tokenizer.convert_tokens_to_ids("\u2581int")] == b" int"
    assert found[tokenizer.convert_tokens_to_ids("<0xE4>")] == b"\xe4"
    assert found[2] == b"</s>"


def test_other_tokenizers_decode_token_by_token():
    found = vocabulary.token_bytes(word_piece())
    assert found[1] == b"play" and b"ing" in found[2]


def test_ids_without_a_token_are_empty():
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0, "b": 5}, []))
    bpe.decoder = tokenizers.decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe)
    assert vocabulary.token_bytes(tokenizer) == [b"a", b"", b"", b"", b"",
                                                 b"b"]


def test_report_covers_every_id_in_runs(monkeypatch):
    monkeypatch.setattr(vocabulary, "RUN", 100)
    tokenizer = byte_level()
    abi = RecordingAbi()
    vocabulary.report(abi, tokenizer)
    runs = abi.of("vocabulary")
    assert [first for first, _ in runs] == list(range(0, len(tokenizer), 100))
    assert [one for _, run in runs for one in run] == (
        vocabulary.token_bytes(tokenizer))
