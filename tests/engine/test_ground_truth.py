"""Every captured set is the one that an independent computation gives."""

import pytest

import capture
import ground_truth
import tap_log

FLOAT32 = ["qwen3_moe", "compiled", "qwen3_moe_k5", "olmoe", "mixtral"]
LEAST_TOKEN_LAYERS = 100_000
LEAST_REQUESTS = 200
LEAST_CROWDED_SHARE = 0.5  # of decode rows, in batches of four or more
MOST_NEAR_TIES = 0.03


def sequences(run):
    """{external id: tokens whose routing must be known} from the engine's own
    answers: all but the last sampled token, which was never an input."""
    return {one["request_id"]: one["prompt"] + one["outputs"][0]["tokens"][:-1]
            for batch in run.results for one in batch}


def check_tokens(run, exported):
    """The capture has the requests and tokens of the answers, no others."""
    expected = sequences(run)
    found = {capture.external_id(name): rows
             for name, rows in exported.items()}
    assert len(found) == len(exported), "two requests with one id"
    assert found.keys() == expected.keys()
    for name, tokens in expected.items():
        rows = found[name]
        assert [rows[position][0] for position in sorted(rows)] == tokens, name
        assert sorted(rows) == list(range(len(tokens))), name
    return found, expected


def compare_model(run, truth, folder):
    exported = capture.read_export(run.capture, folder / "rows.csv")
    found, expected = check_tokens(run, exported)
    counts = ground_truth.Counts()
    names = sorted(expected)
    for name, logits in zip(names,
                            truth.logits([expected[name] for name in names])):
        rows = {position: layers for position, (_, _, source, layers)
                in found[name].items() if source != "missing"}
        assert len(rows) == len(expected[name]), f"{name}: missing rows"
        counts.add(ground_truth.compare(logits, truth.k, truth.layers, rows))
    return counts, len(names)


def test_float32_sets_are_those_of_transformers(offline, truth, tmp_path):
    total = ground_truth.Counts()
    requests = decode = crowded = 0
    for name in FLOAT32:
        run = offline(name)
        counts, number = compare_model(run, truth(run.model), tmp_path)
        rows, in_crowd = capture.decode_batches(
            capture.read_dump(run.capture))
        print(f"\n{name}: {number} requests, {counts}; {rows} decode rows, "
              f"{in_crowd} in batches of 4 or more")
        total.add(counts)
        requests, decode = requests + number, decode + rows
        crowded += in_crowd
    print(f"all: {requests} requests, {total.compared} token-layers, "
          f"{total.mismatches} mismatches, {total.near_ties} near ties, "
          f"{crowded} of {decode} decode rows in batches of 4 or more")
    assert total.mismatches == 0, total.examples[:10]
    assert total.compared >= LEAST_TOKEN_LAYERS
    assert requests >= LEAST_REQUESTS
    assert crowded >= LEAST_CROWDED_SHARE * decode > 0
    assert total.near_ties <= MOST_NEAR_TIES * total.compared


@pytest.mark.parametrize("model", ["qwen3_moe_k5", "olmoe", "mixtral"])
def test_largest_logits_are_largest_probabilities(truth, model):
    """The definition of routing that engines use, softmax first, gives the
    sets of the definition used above."""
    import torch
    one = truth(model)
    logits = torch.cat(one.logits([list(range(1, 200))]), dim=1)
    values, order = logits.sort(dim=-1, descending=True)
    clear = (values[..., one.k - 1] - values[..., one.k] >=
             ground_truth.NEAR_TIE)
    chosen = logits.softmax(dim=-1).topk(one.k, dim=-1).indices
    assert clear.sum() > 0.9 * clear.numel()
    assert torch.equal(chosen.sort(dim=-1).values[clear],
                       order[..., :one.k].sort(dim=-1).values[clear])


def test_bfloat16_sets_are_those_of_the_engines_routers(offline, tmp_path):
    run = offline("qwen3_5_moe")
    exported = capture.read_export(run.capture, tmp_path / "rows.csv")
    check_tokens(run, exported)
    worker = tap_log.read(run.tap)[0]
    seen = {(name, position): layers
            for name, rows in exported.items()
            for position, (_, _, _, layers) in rows.items()}
    assert seen.keys() == worker.rows().keys()
    different = [place for place, layers in worker.rows().items()
                 if seen[place] != layers]
    token_layers = sum(map(len, seen.values()))
    print(f"\nqwen3_5_moe: {len(exported)} requests, {token_layers} "
          f"token-layers, {len(different)} rows differ")
    assert not different, different[:10]
    assert token_layers >= 10_000


def test_comparison_notices_one_wrong_expert(truth):
    one = truth("qwen3_moe")
    logits, = one.logits([list(range(1, 40))])
    rows = {position: {layer: frozenset(
        logits[index, position].topk(one.k).indices.tolist())
        for index, layer in enumerate(one.layers)}
        for position in range(logits.shape[1])}
    compare = ground_truth.compare
    assert compare(logits, one.k, one.layers, rows).mismatches == 0
    layer = one.layers[2]
    last = logits[2, 5].argmin().item()
    rows[5][layer] = rows[5][layer] - {min(rows[5][layer])} | {last}
    assert compare(logits, one.k, one.layers, rows).mismatches == 1
    del rows[7][layer]
    assert compare(logits, one.k, one.layers, rows).mismatches == 2
