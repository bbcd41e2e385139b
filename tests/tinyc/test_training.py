"""A training run that is stopped and resumed is the run that was not.

On one thread; two threads sum in an order of their own each time.
"""

import argparse

import pytest
import torch

import data
import tokenizer as tokenizers
import train


def start(folder, steps):
    return train.Run(argparse.Namespace(output=str(folder), steps=steps,
                                        seed=3))


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_resumed_run_equals_the_uninterrupted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "ROWS", 1)
    monkeypatch.setattr(train, "LENGTH", 128)
    monkeypatch.setattr(train, "SAVE_EVERY", 2)
    whole = start(tmp_path / "whole", 4)
    whole.train()
    interrupted = start(tmp_path / "resumed", 4)
    steps = iter([interrupted._train_step] * 2)

    def step():
        for one in steps:
            return one()
        raise KeyboardInterrupt
    interrupted._train_step = step
    with pytest.raises(KeyboardInterrupt):
        interrupted.train()
    resumed = start(tmp_path / "resumed", 4)
    assert resumed.step == 2
    resumed.train()
    assert resumed.log == whole.log
    for a, b in zip(whole.model.parameters(), resumed.model.parameters()):
        assert torch.equal(a, b)


def test_documents_of_a_row_do_not_see_each_other():
    tokenizer = tokenizers.train()
    torch.manual_seed(0)
    model = train.make_model(len(tokenizer), tokenizer.eos_token_id).eval()
    ids, positions, labels = data.batch(tokenizer, 1, 0, 1, 512)
    starts = (positions[0] == 0).nonzero().flatten().tolist()
    assert len(starts) > 2
    assert all(labels[0, start] == -100 for start in starts)
    begin, end = starts[1], starts[2]
    with torch.no_grad():
        packed = model(input_ids=ids, position_ids=positions,
                       use_cache=False).logits[0, begin:end]
        alone = model(input_ids=ids[:, begin:end], use_cache=False).logits[0]
    assert torch.allclose(packed, alone, atol=1e-4)
