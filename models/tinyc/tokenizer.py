"""The byte-level BPE tokenizer of the model, trained on the corpus.

Pretokens split before a newline, so a prompt that ends on "{" ends on a token
boundary: what the model writes next is what it was trained to write.
"""

import itertools

import tokenizers
import transformers

import corpus

VOCABULARY = 768
DOCUMENTS = 20000
SEED = 7
END = "<|end|>"


def train():
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    texts = (text for _, text in
             itertools.islice(corpus.documents(SEED), DOCUMENTS))
    bpe.train_from_iterator(texts, tokenizers.trainers.BpeTrainer(
        vocab_size=VOCABULARY, show_progress=False, special_tokens=[END],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=END, pad_token=END,
        clean_up_tokenization_spaces=False, model_max_length=1024)
