"""Small random-weight MoE checkpoints, made with stock transformers; and the
trained one of models/tinyc, under the name tinyc.

    python models.py NAME      makes the checkpoint if need be, prints its path
    python models.py --list    prints the names

The weights come from a fixed seed.  A checkpoint is kept under
${XDG_CACHE_HOME:-~/.cache}/moetap/models/NAME-HASH, where HASH covers this
file, so that a change here makes new checkpoints.  Each comes with a
byte-level BPE tokenizer trained on the text below.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

TEXT = """\
int sum(const int *values, int count) {
  int total = 0;
  for (int i = 0; i < count; i++) {
    total += values[i];
  }
  return total;
}
int main(void) {
  int values[4] = {1, 2, 3, 4};
  printf("%d\\n", sum(values, 4));
  return 0;
}
// Every token of a text is sent to a few of the many experts of a layer.  The
// router of the layer computes one number for each expert, and the experts
// with the largest numbers are the ones that read the token.  Two texts that
// begin with the same words begin with the same experts; where the words part,
// the experts part as well, sooner in some layers and later in others.
static double mean(const double *values, size_t count) {
  double total = 0.0;
  while (count > 0) {
    count -= 1;
    total += values[count];
  }
  return total;
}
// The reader of a sequence sees one token after the other and writes the next
// one.  What it has written becomes what it reads.  A sequence that was cut in
// two can be continued in many ways, and each of them is a branch of one tree.
def largest(numbers, count):
    order = sorted(range(len(numbers)), key=lambda i: -numbers[i])
    return sorted(order[:count])
"""
VOCABULARY = 512
SEED = 20260
END_OF_TEXT = "<|end|>"

COMMON = dict(hidden_size=64, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=2048, initializer_range=0.06,
              tie_word_embeddings=False)


def _qwen3(vocabulary):
    """Dense layers 0 and 3 between six MoE layers, 60 experts, k = 8."""
    from transformers import Qwen3MoeConfig
    return Qwen3MoeConfig(
        **COMMON, **vocabulary, num_hidden_layers=8, head_dim=32,
        intermediate_size=128, moe_intermediate_size=64, num_experts=60,
        num_experts_per_tok=8, norm_topk_prob=True, decoder_sparse_step=1,
        mlp_only_layers=[0, 3])


def _qwen3_k5(vocabulary):
    """As qwen3_moe, every second layer dense, 48 experts, k = 5."""
    from transformers import Qwen3MoeConfig
    return Qwen3MoeConfig(
        **COMMON, **vocabulary, num_hidden_layers=6, head_dim=32,
        intermediate_size=128, moe_intermediate_size=64, num_experts=48,
        num_experts_per_tok=5, norm_topk_prob=False, decoder_sparse_step=2)


def _olmoe(vocabulary):
    """64 experts, k = 8, weights not renormalised."""
    from transformers import OlmoeConfig
    return OlmoeConfig(
        **{**COMMON, "hidden_size": 128, "num_key_value_heads": 4},
        **vocabulary, num_hidden_layers=6, intermediate_size=64,
        num_experts=64, num_experts_per_tok=8, norm_topk_prob=False)


def _mixtral(vocabulary):
    """8 experts, k = 2."""
    from transformers import MixtralConfig
    return MixtralConfig(
        **COMMON, **vocabulary, num_hidden_layers=6, head_dim=32,
        intermediate_size=128, num_local_experts=8, num_experts_per_tok=2,
        sliding_window=None)


def _qwen3_5(vocabulary):
    """256 experts, k = 8, three linear-attention layers to one full."""
    from transformers import Qwen3_5MoeTextConfig
    return Qwen3_5MoeTextConfig(
        **{**COMMON, "num_attention_heads": 2}, **vocabulary,
        num_hidden_layers=8, head_dim=64, linear_key_head_dim=128,
        linear_value_head_dim=128, linear_num_key_heads=2,
        linear_num_value_heads=2, moe_intermediate_size=32,
        shared_expert_intermediate_size=64, num_experts=256,
        num_experts_per_tok=8)


def _granite(vocabulary):
    """Layers of the size of Granite 3.0 1B-A400M's, 6 instead of 24."""
    from transformers import Qwen3MoeConfig
    return Qwen3MoeConfig(
        **{**COMMON, "hidden_size": 1024, "num_attention_heads": 16,
           "num_key_value_heads": 8, "initializer_range": 0.02},
        **vocabulary, num_hidden_layers=6, head_dim=64,
        intermediate_size=512, moe_intermediate_size=512, num_experts=32,
        num_experts_per_tok=8, norm_topk_prob=True)


MAKERS = {"qwen3_moe": _qwen3, "qwen3_moe_k5": _qwen3_k5, "olmoe": _olmoe,
          "mixtral": _mixtral, "qwen3_5_moe": _qwen3_5, "granite": _granite}
BFLOAT16_ONLY = {"qwen3_5_moe", "granite"}
# Trained, and part of the repository.
TINYC = pathlib.Path(__file__).resolve().parents[2] / "models/tinyc"


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "moetap" / "models"


def _tokenizer():
    import tokenizers
    from transformers import PreTrainedTokenizerFast
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    bpe.train_from_iterator(
        TEXT.splitlines(keepends=True),
        tokenizers.trainers.BpeTrainer(
            vocab_size=VOCABULARY, show_progress=False,
            special_tokens=[END_OF_TEXT],
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=END_OF_TEXT, pad_token=END_OF_TEXT,
        clean_up_tokenization_spaces=False)


def make(maker, dtype, folder):
    """A checkpoint of the configuration `maker` returns, with a tokenizer."""
    import torch
    import transformers
    transformers.utils.logging.disable_progress_bar()
    tokenizer = _tokenizer()
    end = tokenizer.eos_token_id
    config = maker(dict(vocab_size=len(tokenizer), pad_token_id=end,
                        bos_token_id=end, eos_token_id=end))
    torch.manual_seed(SEED)
    dtype = getattr(torch, dtype)
    model = transformers.AutoModelForCausalLM.from_config(config).to(dtype)
    model.config.dtype = dtype
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def kept(name, sources, maker, dtype):
    """Path of the checkpoint `name`, made now if it does not exist; a change
    in one of the files `sources` makes a new one."""
    digest = hashlib.sha256(b"".join(
        pathlib.Path(source).read_bytes() for source in sources))
    path = cache_folder() / f"{name}-{digest.hexdigest()[:12]}"
    if path.is_dir():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix=".making-", dir=path.parent)
    try:
        make(maker, dtype, scratch)
        os.chmod(scratch, 0o755)
        os.rename(scratch, path)
    except OSError:
        if not path.is_dir():  # else: another process made the same one
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return path


def checkpoint(name):
    """Path of the checkpoint `name`, made now if it does not exist."""
    if name == "tinyc":
        return TINYC / "tinyc-7m"
    if name not in MAKERS:
        raise SystemExit(f"models.py: no model {name!r}; "
                         f"one of {', '.join(MAKERS)}")
    dtype = "bfloat16" if name in BFLOAT16_ONLY else "float32"
    return kept(name, [__file__], MAKERS[name], dtype)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", nargs="?", choices=list(MAKERS))
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(MAKERS))
    elif arguments.name:
        print(checkpoint(arguments.name))
    else:
        parser.print_usage(sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
