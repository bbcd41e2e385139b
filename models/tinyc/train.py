"""Trains the model on the corpus with stock transformers.

    python models/tinyc/train.py --output FOLDER [--steps N] [--seed S]

Ends with FOLDER/model (bfloat16 safetensors, configuration, tokenizer),
FOLDER/loss.csv and FOLDER/training.json.  Stopped and started again with the
same arguments, it goes on from FOLDER/state.pt, which is written every
SAVE_EVERY steps.  The loss is next-token prediction plus the load-balancing
loss of each layer; routing is not a target.
"""

import argparse
import json
import math
import os
import pathlib
import sys
import time

import torch
import transformers
from transformers.models.qwen3_moe import modeling_qwen3_moe

import data
import tokenizer as tokenizers

ROWS, LENGTH = 5, 512
PEAK_RATE, WARM_UP, DECAY = 4e-3, 50, 0.01
BALANCE = 0.01        # weight of the load-balancing loss
SAVE_EVERY = 100
LOG_EVERY = 10
VALIDATION = 64       # documents


def make_model(vocabulary, end):
    config = transformers.Qwen3MoeConfig(
        vocab_size=vocabulary, hidden_size=64, num_hidden_layers=8,
        num_attention_heads=4, num_key_value_heads=2, head_dim=32,
        intermediate_size=128, moe_intermediate_size=16, num_experts=256,
        num_experts_per_tok=8, norm_topk_prob=True, decoder_sparse_step=1,
        mlp_only_layers=[], max_position_embeddings=1024,
        initializer_range=0.05, tie_word_embeddings=True,
        router_aux_loss_coef=BALANCE, bos_token_id=None, eos_token_id=end,
        pad_token_id=end)
    return transformers.Qwen3MoeForCausalLM._from_config(
        config, experts_implementation="grouped_mm")


def rate(step, steps):
    """Linear warm-up, then a cosine down to a tenth."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    done = (step - WARM_UP) / max(1, steps - WARM_UP)
    return PEAK_RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def balance_loss(router_logits, config):
    """Mean over layers; stock transformers' own function lumps the layers
    together, which lets an expert of one layer die unseen."""
    return torch.stack([modeling_qwen3_moe.load_balancing_loss_func(
        (logits,), config.num_experts, config.num_experts_per_tok)
        for logits in router_logits]).mean()


def losses(model, ids, positions, labels):
    out = model(input_ids=ids, position_ids=positions, use_cache=False,
                output_router_logits=True)
    text = torch.nn.functional.cross_entropy(
        out.logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(),
        ignore_index=-100)
    return text, balance_loss(out.router_logits, model.config)


@torch.no_grad()
def validation_loss(model, documents):
    """Mean over the tokens of documents the training does not see."""
    model.eval()
    total = count = 0
    for document in documents:
        ids = torch.tensor([document])
        logits = model(input_ids=ids, use_cache=False).logits
        total += torch.nn.functional.cross_entropy(
            logits[0, :-1].float(), ids[0, 1:], reduction="sum").item()
        count += len(document) - 1
    model.train()
    return total / count


def _update(path, **values):
    content = json.loads(path.read_text(encoding="utf-8"))
    content.update(values)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def name_as_transformers_4(folder):
    """Adds the names that transformers 4 reads to those of transformers 5."""
    config = transformers.AutoConfig.from_pretrained(folder)
    _update(folder / "config.json", num_experts=config.num_experts,
            rope_theta=config.rope_parameters["rope_theta"])
    _update(folder / "tokenizer_config.json",
            tokenizer_class="PreTrainedTokenizerFast")
    for path in folder.iterdir():
        path.chmod(0o644)


class Run:
    """A training run in a folder."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = pathlib.Path(arguments.output)
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(arguments.seed)
        self.tokenizer = tokenizers.train()
        self.model = make_model(len(self.tokenizer),
                                self.tokenizer.eos_token_id)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.95),
            weight_decay=DECAY)
        self.step, self.seconds, self.log = 0, 0.0, []
        self._resume()

    def _resume(self):
        path = self.folder / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state["arguments"] != self._identity():
            raise SystemExit(f"train.py: {path} is of a run with other "
                             "arguments; choose another --output")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.log = state["log"]
        print(f"going on from step {self.step}", flush=True)

    def _identity(self):
        return {"steps": self.arguments.steps, "seed": self.arguments.seed}

    def _save(self):
        scratch = self.folder / "state.pt.new"
        torch.save({"arguments": self._identity(),
                    "model": self.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "step": self.step, "seconds": self.seconds,
                    "log": self.log}, scratch)
        os.replace(scratch, self.folder / "state.pt")

    def _train_step(self):
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.step, self.arguments.steps)
        text, balance = losses(self.model, *data.batch(
            self.tokenizer, self.arguments.seed, self.step, ROWS, LENGTH))
        self.optimizer.zero_grad()
        (text + BALANCE * balance).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return text.item(), balance.item()

    def train(self):
        steps = self.arguments.steps
        self.model.train()
        while self.step < steps:
            start = time.monotonic()
            text, balance = self._train_step()
            self.seconds += time.monotonic() - start
            if self.step % LOG_EVERY == 0 or self.step == steps:
                self.log.append((self.step, text, balance))
                left = self.seconds / self.step * (steps - self.step)
                print(f"step {self.step}/{steps}  loss {text:.4f}  balance "
                      f"{balance:.3f}  {self.seconds / self.step:.2f} s/step  "
                      f"{left / 60:.1f} min left", flush=True)
            if self.step % SAVE_EVERY == 0 or self.step == steps:
                self._save()

    def finish(self):
        model_folder = self.folder / "model"
        self.model.to(torch.bfloat16).save_pretrained(model_folder)
        self.tokenizer.save_pretrained(model_folder)
        name_as_transformers_4(model_folder)
        with open(self.folder / "loss.csv", "w", encoding="utf-8") as file:
            file.write("step,loss,balance\n")
            for step, text, balance in self.log:
                file.write(f"{step},{text:.5f},{balance:.5f}\n")
        reloaded = transformers.AutoModelForCausalLM.from_pretrained(
            model_folder, dtype=torch.bfloat16)
        documents = data.held_back(self.tokenizer, self.arguments.seed,
                                   VALIDATION)
        facts = {
            "command": "python models/tinyc/train.py --output FOLDER --steps "
                       f"{self.arguments.steps} --seed {self.arguments.seed}",
            "seconds": round(self.seconds),
            "tokens": self.step * ROWS * LENGTH,
            "parameters": self.model.num_parameters(),
            "final_loss": round(self.log[-1][1], 4),
            "final_balance_loss": round(self.log[-1][2], 4),
            "validation_loss_bfloat16": round(
                validation_loss(reloaded, documents), 4),
            "torch": torch.__version__,
            "transformers": transformers.__version__}
        with open(self.folder / "training.json", "w",
                  encoding="utf-8") as file:
            json.dump(facts, file, indent=1)
            file.write("\n")
        print(json.dumps(facts, indent=1))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", required=True, metavar="FOLDER")
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=1)
    run = Run(parser.parse_args())
    run.train()
    run.finish()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("train.py: stopped; the same command goes on from the last "
                 "saved step")
