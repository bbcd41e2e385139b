"""Requests that a server finds hard to account for, sent to a small cache."""

import dataclasses
import threading
import time

import harness


@dataclasses.dataclass
class Sent:
    """What one client asked for and got, for one choice of one request."""
    request: str          # id the client gave
    choice: int
    choices: int
    prompt: list
    returned: list        # token ids that reached the client, as far as known
    finish: str           # "" when the client left
    beams: bool = False


def _complete(server, name, prompt, **body):
    answer = server.complete(request_id=name, prompt=prompt, **body)
    choices = sorted(answer["choices"], key=lambda choice: choice["index"])
    return [Sent(name, choice["index"], len(choices), prompt,
                 choice["token_ids"] or [], choice["finish_reason"])
            for choice in choices]


def shared_prefixes(server):
    """A long prompt in chunks, then three that go on where it ended."""
    prompt, *tails = harness.random_prompts(11, 4, 110, 110)
    sampling = dict(max_tokens=8, temperature=1.0, ignore_eos=True)
    sent = _complete(server, "prefix-0", prompt, **sampling)
    for number, tail in enumerate(tails, 1):
        sent += _complete(server, f"prefix-{number}", prompt + tail[:20],
                          **sampling)
    return sent


def many_samples(server):
    """Eight samples of one prompt: more than the cache can hold at once."""
    prompt, = harness.random_prompts(12, 1, 70, 70)
    return _complete(server, "samples", prompt, n=8, max_tokens=60,
                     temperature=1.0, ignore_eos=True)


def stop_strings(server):
    sent = []
    for number, prompt in enumerate(harness.random_prompts(13, 6, 10, 40)):
        sent += _complete(server, f"stop-{number}", prompt, stop=["e", "or"],
                          max_tokens=80, temperature=1.0, ignore_eos=True)
    return sent


def beam_search(server):
    prompt, = harness.random_prompts(14, 1, 40, 40)
    answer = server.complete(
        request_id="beam", prompt=prompt, use_beam_search=True, n=4,
        max_tokens=6, temperature=0.0)
    return [Sent("beam", choice["index"], 4, prompt,
                 choice.get("token_ids") or [], choice["finish_reason"],
                 beams=True) for choice in answer["choices"]]


def leavers(server):
    """One client leaves its stream, one does not wait for the answer."""
    first, second = harness.random_prompts(15, 2, 30, 30)
    body = dict(max_tokens=200, temperature=1.0, ignore_eos=True)
    tokens = server.stream_and_leave(4, request_id="left-stream",
                                     prompt=first, **body)
    time.sleep(1)  # the server notices, and the engine aborts
    server.leave_unanswered(8, request_id="left-answer", prompt=second, **body)
    return [Sent("left-stream", 0, 1, first, tokens, ""),
            Sent("left-answer", 0, 1, second, [], "")]


def two_clients(server):
    """Two clients at once, several requests each; none disturbs the other."""
    sent, errors = [], []

    def client(name, seed):
        try:
            for number, prompt in enumerate(
                    harness.random_prompts(seed, 6, 20, 120)):
                sent.extend(_complete(
                    server, f"{name}-{number}", prompt, n=2, max_tokens=40,
                    temperature=1.0, ignore_eos=True))
        except Exception as error:  # handed to the test's thread
            errors.append(error)

    threads = [threading.Thread(target=client, args=("client-a", 16)),
               threading.Thread(target=client, args=("client-b", 17))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sent


def send_all(server):
    """All of the above; what each client got."""
    return (shared_prefixes(server) + many_samples(server) +
            stop_strings(server) + beam_search(server) + leavers(server) +
            two_clients(server))
