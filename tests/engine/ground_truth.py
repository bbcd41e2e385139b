"""Routing as stock transformers computes it, and its comparison with ours.

Truth of a position and layer is the top-k of the float32 router logits that
transformers gives for the same tokens.  Where the k-th and the next logit lie
closer than NEAR_TIE, rounding may choose either: such places are counted
apart, and there the sets may differ only in experts that close to the k-th.
"""

import dataclasses

NEAR_TIE = 1e-4
BATCH = 16  # sequences per forward pass


@dataclasses.dataclass
class Counts:
    compared: int = 0     # token-layers, near ties included
    near_ties: int = 0
    tied_swaps: int = 0   # near ties where the sets do differ
    mismatches: int = 0
    examples: list = dataclasses.field(default_factory=list)
    distinct: set = dataclasses.field(default_factory=set)

    def add(self, other):
        self.compared += other.compared
        self.near_ties += other.near_ties
        self.tied_swaps += other.tied_swaps
        self.mismatches += other.mismatches
        self.examples += other.examples
        self.distinct |= other.distinct

    def __str__(self):
        return (f"{self.compared} token-layers, {self.mismatches} mismatches, "
                f"{self.near_ties} near ties ({self.tied_swaps} swapped), "
                f"{len(self.distinct)} distinct (layer, set)")


def moe_layers(config):
    """Decoder layers that have experts, as the model's code decides it."""
    dense = getattr(config, "mlp_only_layers", None) or []
    step = getattr(config, "decoder_sparse_step", None) or 1
    return [layer for layer in range(config.num_hidden_layers)
            if layer not in dense and (layer + 1) % step == 0]


class Truth:
    """Router logits of a float32 checkpoint.  Reads it once."""

    def __init__(self, path):
        import torch
        from transformers import AutoModelForCausalLM
        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32).eval()
        self.layers = moe_layers(self.model.config)
        self.k = self.model.config.num_experts_per_tok

    def logits(self, sequences):
        """For each sequence, a tensor [layer, position, expert]."""
        result = [None] * len(sequences)
        order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
        for first in range(0, len(order), BATCH):
            chosen = order[first:first + BATCH]
            for index, one in zip(chosen, self._batch(
                    [sequences[index] for index in chosen])):
                result[index] = one
        return result

    def _batch(self, sequences):
        torch = self.torch
        longest = max(map(len, sequences))
        ids = torch.zeros(len(sequences), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, sequence in enumerate(sequences):
            ids[row, :len(sequence)] = torch.tensor(sequence)
            mask[row, :len(sequence)] = 1
        with torch.no_grad():
            logits = self.model(
                ids, attention_mask=mask, use_cache=False,
                output_router_logits=True).router_logits
        assert len(logits) == len(self.layers), (len(logits), self.layers)
        stacked = torch.stack(logits).view(
            len(logits), len(sequences), longest, -1)
        return [stacked[:, row, :len(sequence)].float()
                for row, sequence in enumerate(sequences)]


def compare(logits, k, layers, rows):
    """Compares rows {position: {layer: set of experts}} of one sequence with
    its logits [layer, position, expert].  A row that lacks a layer, or has
    one more, is a mismatch in each of those."""
    counts = Counts()
    values, order = logits.sort(dim=-1, descending=True)
    top = order[..., :k].tolist()
    gap = (values[..., k - 1] - values[..., k]).tolist()
    for position, captured in rows.items():
        extra = set(captured) - set(layers)
        counts.mismatches += len(extra)
        for index, layer in enumerate(layers):
            counts.compared += 1
            expected = frozenset(top[index][position])
            found = frozenset(captured.get(layer, ()))
            counts.distinct.add((layer, found))
            near = gap[index][position] < NEAR_TIE
            counts.near_ties += near
            if found == expected:
                continue
            if near and _swap_of_ties(logits[index, position], k, expected,
                                      found):
                counts.tied_swaps += 1
                continue
            counts.mismatches += 1
            counts.examples.append(
                f"position {position} layer {layer}: captured "
                f"{sorted(found)}, truth {sorted(expected)}")
    return counts


def _swap_of_ties(logits, k, expected, found):
    """Whether equally large sets differ only in experts near the k-th."""
    threshold = logits.sort(descending=True).values[k - 1].item()
    return len(found) == len(expected) and all(
        abs(logits[expert].item() - threshold) < NEAR_TIE
        for expert in expected ^ found)
