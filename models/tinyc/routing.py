"""Which experts a checkpoint uses, by stock transformers' router logits."""

import itertools

import numpy as np
import torch
import transformers

import corpus

DOCUMENTS = 400
SEED = "held back for the measurement of expert usage"
FOLDS, FOLD_SEED = 5, 0


class Router:
    """Loads the checkpoint as stored; computes expert sets."""

    def __init__(self, folder):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto").eval()
        self.experts = self.model.config.num_experts
        self.k = self.model.config.num_experts_per_tok

    @torch.no_grad()
    def counts(self, text):
        """How often each expert reads a token: [layers, experts]."""
        ids = torch.tensor([self.tokenizer(text)["input_ids"]])
        logits = self.model(input_ids=ids, use_cache=False,
                            output_router_logits=True).router_logits
        chosen = torch.stack([layer.topk(self.k).indices for layer in logits])
        return np.stack([np.bincount(layer.flatten().numpy(),
                                     minlength=self.experts)
                         for layer in chosen])


def usage(router):
    """Per layer: entropy of the expert shares over log(experts), experts never
    used, and the busiest expert's tokens over the mean."""
    documents = itertools.islice(corpus.documents(SEED), DOCUMENTS)
    counts = sum(router.counts(text) for _, text in documents)
    layers = []
    for number, layer in enumerate(counts):
        share = layer[layer > 0] / layer.sum()
        layers.append({
            "layer": number,
            "entropy": float(-(share * np.log(share)).sum()
                             / np.log(router.experts)),
            "dead": int((layer == 0).sum()),
            "busiest": float(layer.max() / layer.mean())})
    return {"tokens": int(counts[0].sum() // router.k),
            "experts": router.experts, "layers": layers}


def _accuracy(features, labels):
    """Cross-validated accuracy of a logistic regression."""
    from sklearn import (linear_model, model_selection, pipeline,
                         preprocessing)
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(),
        linear_model.LogisticRegression(C=1.0, max_iter=2000))
    folds = model_selection.StratifiedKFold(FOLDS, shuffle=True,
                                            random_state=FOLD_SEED)
    return float(model_selection.cross_val_score(
        model, features, labels, cv=folds).mean())


def separation(router, prompts):
    """How far the prompts' signatures (count/(k rows) per layer and expert)
    tell the categories apart; beside it what prompt length alone tells."""
    labels = np.array([p["labels"]["category"] for p in prompts])
    counts = np.stack([router.counts(p["prompt"]) for p in prompts])
    signatures = counts / counts.sum(axis=2, keepdims=True)
    flat = signatures.reshape(len(prompts), -1)
    unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    upper = np.triu_indices(len(prompts), 1)
    similarity = (unit @ unit.T)[upper]
    same = (labels[:, None] == labels[None, :])[upper]
    within, across = similarity[same], similarity[~same]
    pooled = np.sqrt(((len(within) - 1) * within.var(ddof=1)
                      + (len(across) - 1) * across.var(ddof=1))
                     / (len(similarity) - 2))
    lengths = counts[:, 0].sum(axis=1, keepdims=True) / router.k
    return {"within": float(within.mean()), "across": float(across.mean()),
            "cohens_d": float((within.mean() - across.mean()) / pooled),
            "accuracy": _accuracy(flat, labels),
            "accuracy_length_only": _accuracy(lengths, labels),
            "accuracy_chance": 1 / len(set(labels))}
