"""The committed checkpoint, as stock transformers sees it."""

import itertools
import json

import pytest
import safetensors
import torch
import transformers

import conftest
import corpus
import tokenizer as tokenizers

FOLDER = conftest.TINYC / "tinyc-7m"


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.AutoTokenizer.from_pretrained(FOLDER)


def test_weights_are_small_bfloat16():
    path = FOLDER / "model.safetensors"
    assert path.stat().st_size <= 16 * 2**20
    with safetensors.safe_open(path, "pt") as file:
        kinds = {file.get_slice(name).get_dtype() for name in file.keys()}
    assert kinds == {"BF16"}


def test_configuration_is_what_the_studies_ask_for():
    config = json.loads((FOLDER / "config.json").read_text())
    assert config["architectures"] == ["Qwen3MoeForCausalLM"]
    assert config["num_experts"] == 256
    assert config["num_experts_per_tok"] == 8
    assert config["num_hidden_layers"] >= 8
    assert "auto_map" not in config


def test_tokenizer_is_the_one_that_the_corpus_gives(tokenizer):
    made = tokenizers.train()
    for _, text in itertools.islice(corpus.documents("tokens"), 50):
        assert made(text)["input_ids"] == tokenizer(text)["input_ids"]
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_prompts_end_on_a_token_boundary(tokenizer, prompts):
    """So that the model goes on as it was trained to."""
    ends = {"{": "\n    return 0;\n}\n", ".": " It returns.\n"}
    for prompt in prompts:
        text = prompt["prompt"]
        whole = tokenizer(text + ends[text[-1]])["input_ids"]
        ids = tokenizer(text)["input_ids"]
        assert whole[:len(ids)] == ids, prompt["id"]


def test_it_knows_the_corpus_and_routes_to_distinct_experts(tokenizer):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        FOLDER, dtype="auto").eval()
    total = count = 0
    for _, text in itertools.islice(corpus.documents("unseen"), 20):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.no_grad():
            out = model(input_ids=ids, labels=ids, output_router_logits=True,
                        use_cache=False)
        total += torch.nn.functional.cross_entropy(
            out.logits[0, :-1].float(), ids[0, 1:], reduction="sum").item()
        count += ids.shape[1] - 1
        assert len(out.router_logits) == model.config.num_hidden_layers
        assert out.router_logits[0].shape == (ids.shape[1], 256)
    assert total / count < 0.5  # nats; an untrained one has 6.6
