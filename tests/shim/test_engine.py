"""One real engine, its cases in engine_run.py, and what the shim said.

The stand-in library logs the calls; what they say is held against what vLLM
itself returns: prompt and output tokens, cached tokens, finish reasons.
"""

import collections
import json
import re
import subprocess
import sys

import engine_run
import models
import pytest
import standin

STARTS_WITHIN = 900  # seconds; the engine shares its machine

PREEMPTED, FINISHED = 0, 1


class Account:
    """The calls of the worker, arranged by request."""

    def __init__(self, worker, frontend):
        self.worker, self.frontend = worker, frontend
        self.names = {number: (name, prompt, step) for
                      number, name, prompt, step in worker.of("request")}
        self.tokens = collections.defaultdict(dict)
        self.spans = collections.defaultdict(list)
        self.blocks = collections.defaultdict(list)
        self.events = collections.defaultdict(list)
        self._read()

    def _read(self):
        for number, start, ids, _ in self.worker.of("tokens"):
            self.tokens[number].update(enumerate(ids, start))
        for samples, in self.worker.of("samples"):
            for number, position, token, _ in samples:
                assert position not in self.tokens[number]
                self.tokens[number][position] = token
        for step, kind, spans in self.worker.of("step_begin"):
            for number, start, rows, _ in spans:
                assert kind == 1
                self.spans[number].append((step, start, rows))
        for number, step, first, ids in self.worker.of("kv"):
            self.blocks[number].append((step, first, ids))
        for number, step, kind, _, _ in self.worker.of("event"):
            self.events[number].append((kind, step))

    def numbers(self, external):
        """Requests of a client's id, in order of their choices."""
        found = {name: number for number, (name, *_) in self.names.items()}
        return [found[name] for name in sorted(found) if re.fullmatch(
            rf"(\d+_)?{re.escape(external)}-[0-9a-f]{{8}}", name)]

    def delivery(self, number):
        name = self.names[number][0]
        one, = [call for call in self.frontend.of("delivery")
                if call[0] == name]
        return one

    def table(self, number, step):
        """KV blocks of a request in `step`."""
        blocks = []
        for since, first, ids in self.blocks[number]:
            if since <= step:
                blocks[first:] = ids
        return blocks


def run_cases(folder, environment, checkpoint, **options):
    """Runs engine_run.py with its options; its results."""
    with open(folder / "engine.log", "w") as output:
        status = subprocess.run(
            [sys.executable, engine_run.__file__, str(checkpoint),
             str(folder / "out.json"), json.dumps(options)],
            env=environment, cwd=folder, stdout=output,
            stderr=subprocess.STDOUT, timeout=STARTS_WITHIN).returncode
    text = (folder / "engine.log").read_text(errors="replace")
    assert status == 0, text[-4000:]
    return json.loads((folder / "out.json").read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    logs = folder / "log"
    logs.mkdir()
    environment = standin.environment(standin.build(folder), logs)
    return run_cases(
        folder, environment, models.checkpoint("qwen3_moe"), without=[],
        stop=["e", "or"],
        llm={"dtype": "float32", "enforce_eager": True}), logs


@pytest.fixture(scope="module")
def results(run):
    return run[0]


@pytest.fixture(scope="module")
def account(run):
    (worker,), (frontend,) = standin.read(run[1])
    return Account(worker, frontend)


def answers(results, account):
    """(case, result, output, number) of every request with known tokens."""
    for case, group in results.items():
        if case == "beams":
            continue
        for result in group:
            numbers = account.numbers(result["id"])
            assert len(numbers) == len(result["outputs"]), result["id"]
            for output, number in zip(result["outputs"], numbers):
                yield case, result, output, number


def test_nothing_was_degraded(run):
    for log in sum(standin.read(run[1]), []):
        assert not log.of("status")


def test_facts(account):
    facts = account.worker.facts()
    expected = {
        "role": "worker", "engine": "vllm", "runner": "v1",
        "architecture": "Qwen3MoeForCausalLM", "num_layers": "8",
        "moe_layers": "1,2,4,5,6,7", "num_experts": "60", "top_k": "8",
        "hidden_size": "64", "moe_intermediate_size": "64",
        "dtype": "float32", "quantization": "none",
        "kv_block_size": str(engine_run.BLOCK), "prefix_caching": "1",
        "async_scheduling": "0", "tp_rank": "0", "tp_size": "1",
        "pp_rank": "0", "pp_size": "1", "dp_rank": "0", "dp_size": "1",
        "eplb": "0"}
    assert {key: facts.get(key) for key in expected} == expected
    assert facts["model"].startswith("qwen3_moe") and "/" not in (
        facts["model"])
    assert account.frontend.facts()["role"] == "frontend"


def test_expected_layers_come_before_the_first_real_step(account):
    calls = account.worker.calls
    layers, = account.worker.of("expect")[-1]
    assert [layer[1:] for layer in layers] == [
        [number, 60, 8] for number in (1, 2, 4, 5, 6, 7)]
    assert len({layer[0] for layer in layers} - {0}) == 6
    first = next(index for index, call in enumerate(calls)
                 if call[0] == "step_begin" and call[2] == 1)
    assert "expect" in [call[0] for call in calls[:first]]


def test_steps_are_numbered_and_closed(account):
    marks = [call for call in account.worker.calls
             if call[0] in ("step_begin", "step_end")]
    assert [call[0] for call in marks] == ["step_begin", "step_end"] * (
        len(marks) // 2)
    assert [call[1] for call in marks] == [
        index // 2 + 1 for index in range(len(marks))]


def test_prompts_and_tokens_are_those_of_the_engine(results, account):
    for case, result, output, number in answers(results, account):
        tokens = account.tokens[number]
        assert sorted(tokens) == list(range(len(tokens)))
        prompt = result["prompt"]
        assert account.names[number][1] == len(prompt)
        spelled = [tokens[index] for index in range(len(tokens))]
        wanted = prompt + output["tokens"]
        assert spelled[:len(wanted)] == wanted, (case, result["id"])
        if case not in ("stop", "abort"):
            assert spelled == wanted


def test_every_position_is_executed_or_cached(results, account):
    for case, result, output, number in answers(results, account):
        spans = account.spans[number]
        if case != "samples":  # where the result counts one of the four
            assert spans[0][1] == result["cached"], (case, result["id"])
        executed = {start + row for _, start, rows in spans
                    for row in range(rows)}
        cached = {index for index in range(spans[0][1])}
        assert executed | cached == set(
            range(len(account.tokens[number]) - 1)), case


def test_each_case_happened(results, account):
    kinds = [kind for events in account.events.values()
             for kind, _ in events]
    assert PREEMPTED in kinds and FINISHED in kinds
    assert results["cached"][0]["cached"] >= engine_run.BLOCK
    chunked = [spans for spans in account.spans.values()
               if len(spans) > 1 and spans[0][2] > 1 and spans[1][2] > 1]
    assert chunked
    assert [one["finish"] for result in results["stop"]
            for one in result["outputs"]].count("stop") > 0


def test_preempted_requests_are_executed_again(account):
    again = 0
    for number, events in account.events.items():
        for kind, step in events:
            if kind == PREEMPTED:
                later = [span for span in account.spans[number]
                         if span[0] >= step]
                before = [span for span in account.spans[number]
                          if span[0] < step]
                end = max((start + rows for _, start, rows in before),
                          default=0)
                again += bool(later) and later[0][1] < end
    assert again > 0


def test_kv_blocks_hold_every_row(account):
    for number, spans in account.spans.items():
        for step, start, rows in spans:
            table = account.table(number, step)
            assert len(set(table)) == len(table)
            assert len(table) * engine_run.BLOCK >= start + rows
            assert all(0 < block < engine_run.BLOCKS for block in table)


def test_a_cached_prefix_is_in_the_blocks_that_computed_it(results, account):
    first, = account.numbers(results["first"][0]["id"])
    second, = account.numbers(results["cached"][0]["id"])
    count = results["cached"][0]["cached"] // engine_run.BLOCK
    step = account.spans[second][0][0]
    old = account.table(first, account.spans[first][-1][0])
    assert account.table(second, step)[:count] == old[:count]


def test_no_block_belongs_to_two_computing_requests(account):
    """Of the rows of one step no two are written to one KV slot."""
    for step, kind, spans in account.worker.of("step_begin"):
        slots = set()
        for number, start, rows, _ in spans:
            table = account.table(number, step)
            for position in range(start, start + rows):
                slot = (table[position // engine_run.BLOCK],
                        position % engine_run.BLOCK)
                assert slot not in slots, (step, number, position)
                slots.add(slot)


def test_deliveries(results, account):
    for case, result, output, number in answers(results, account):
        name, external, parent, prompt, returned, reason = (
            account.delivery(number))
        assert external == result["id"]
        assert prompt == len(result["prompt"])
        assert returned == len(output["tokens"]), (case, external)
        assert reason == output["finish"]
        assert (parent is not None) == (case == "samples")
        if parent is not None:
            assert name.split("_", 1)[1] == parent


def test_a_stop_string_leaves_tokens_unreturned(results, account):
    unreturned = 0
    for case, result, output, number in answers(results, account):
        sampled = len(account.tokens[number]) - len(result["prompt"])
        assert sampled >= len(output["tokens"])
        unreturned += sampled > len(output["tokens"])
    assert unreturned > 0


def test_beam_search_is_step_requests(results, account):
    """Each step of each beam is a request of one token; a kept beam's next
    request begins with the tokens so far."""
    known = {number for *_, number in answers(results, account)}
    beams = [number for number in account.names if number not in known]
    assert len(beams) == 1 + 3 * 3
    for number in beams:
        assert len(account.tokens[number]) == account.names[number][1] + 1
        assert account.delivery(number)[5] == "length"
    prompts = [[account.tokens[number][index]
                for index in range(account.names[number][1])]
               for number in beams]
    for sequence in results["beams"]:
        for length in range(30, 34):
            assert sequence[:length] in prompts


def test_chains_cover_all_tokens_of_a_request(results, account):
    """Recomputes the stand-in's chain of every request."""
    last = {}
    for number, _, _, chain in account.worker.of("tokens"):
        last[number] = chain
    for samples, in account.worker.of("samples"):
        for number, _, _, chain in samples:
            last[number] = chain
    for number, tokens in account.tokens.items():
        chain = 0
        for index in range(len(tokens)):
            chain = (chain * 6364136223846793005 + tokens[index] + 1) % (
                1 << 64)
        assert last[number] == chain


def test_vocabulary_spells_what_the_tokenizer_decodes(results, account):
    import transformers
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        models.checkpoint("qwen3_moe"))
    spelled = []
    for first, run in account.frontend.of("vocabulary"):
        assert first == len(spelled)
        spelled += [bytes.fromhex(one) for one in run]
    assert len(spelled) == len(tokenizer)
    for result in results["crowd"]:
        for output in result["outputs"]:
            text = b"".join(spelled[token] for token in output["tokens"])
            assert text.decode(errors="replace") == tokenizer.decode(
                output["tokens"])
