"""Task signatures of real engines: the C-writing model of models/tinyc and a
small checkpoint of the OLMoE architecture, on prompts of four categories.  No
figure of a model is asserted; the tables are printed."""

import json

import harness
import models
import numpy as np
import transformers


def labelled_prompts(model):
    """Token ids and category of each prompt of models/tinyc."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        models.checkpoint(model))
    rows = [json.loads(line) for line in
            (models.TINYC / "prompts.jsonl").read_text().splitlines()]
    return ([tokenizer(row["prompt"])["input_ids"] for row in rows],
            [row["labels"]["category"] for row in rows])


def signatures_of(folder, model, prefix_caching):
    """Captures each prompt twice, so that the second can come from the cache;
    the study's document and its text."""
    prompts, categories = labelled_prompts(model)
    batch = {"prompts": prompts, "repeat": 2,
             "sampling": {"max_tokens": 4, "temperature": 0.0,
                          "ignore_eos": True}}
    results = harness.run_offline(
        folder, model, [batch], harness.engine_environment(folder / "capture"),
        enforce_eager=True, block_size=32,
        enable_prefix_caching=prefix_caching)
    labels = folder / "labels.jsonl"
    labels.write_text("".join(
        json.dumps({"label": category, "request": one["request_id"]}) + "\n"
        for run in results for one, category in zip(run, categories)))
    verb = ["signatures", folder / "capture", "--labels", labels, "--refits",
            40, "--permutations", 199]
    done = harness.run_moetap(*verb, "--json", expect=(0, 3))
    text = harness.run_moetap(*verb, expect=(0, 3)).stdout
    cached = sum(one["cached"] for run in results for one in run)
    return json.loads(done.stdout), text, cached


def test_prefix_caching_does_not_change_signatures(work):
    on, text, cached = signatures_of(work / "signatures-on", "tinyc", True)
    off, _, none_cached = signatures_of(work / "signatures-off", "tinyc", False)
    assert cached > 0 and none_cached == 0
    print(text)
    assert on["units"]["units"] == off["units"]["units"] == 80
    assert on["units"]["requests"] == off["units"]["requests"] == 160
    assert on["signatures"]["left_out"] == off["signatures"]["left_out"] == []
    one, other = (np.array(document["signatures"]["similarity"])
                  for document in (on, off))
    # What differs are sets at near ties, which batching decides.
    difference = abs(one - other).max()
    print(f"largest difference of a similarity: {difference:.2e}; "
          f"{cached} tokens came from the cache")
    assert difference < 0.01


def test_a_checkpoint_of_the_olmoe_architecture(work):
    document, text, _ = signatures_of(work / "signatures-olmoe", "olmoe", True)
    print(text)
    assert document["units"]["units"] == 80
    assert document["units"]["smallest_class"] == 20
