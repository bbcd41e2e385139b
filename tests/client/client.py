"""Runs the client, and reads what it wrote."""

import json
import os
import pathlib
import subprocess
import sys

from moetap_branch import cli

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "client"
# What is the same in two runs of the same requests.
STABLE = ("prompt", "parent", "fork_position", "child", "prompt_token_ids",
          "token_ids", "root_tokens", "text", "finish_reason", "labels",
          "forks", "outside_p", "alternatives", "choice", "score", "steps")

SMALL = {"sample": ["-n", "4", "--max-tokens", "8"],
         "tree": ["--leaves", "8", "--max-tokens", "6"],
         "beam": ["--beam", "client", "--max-tokens", "4"]}


def arguments(verb, fake, prompts, output, *more):
    return [verb, "--url", fake.url, "--prompts", str(prompts), "-o",
            str(output), "--patience", "20", *SMALL[verb], *more]


def run(verb, fake, prompts, output, *more):
    """The exit status of a run in this process."""
    return cli.main(arguments(verb, fake, prompts, output, *more))


def start(argv):
    """The client as a process of its own."""
    environment = dict(os.environ, PYTHONPATH=str(CLIENT))
    return subprocess.Popen(
        [sys.executable, "-m", "moetap_branch", *argv], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(path, kind="request"):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [row for row in lines if row["kind"] == kind]


def outcome(path):
    """What a run found, whatever happened on its way.

    Also checks that nothing is there twice."""
    found = rows(path) + rows(path, "hypothesis")
    stable = {row["key"]: {name: row.get(name) for name in STABLE}
              for row in found}
    assert len(stable) == len(found)
    ids = [row["request_id"] for row in found
           if row["kind"] == "request" and not row["choice"]]
    assert len(set(ids)) == len(ids)
    return stable, [{**end, "abandoned": 0} for end in rows(path, "end")]


def account(path, fake):
    """Every sequence that the server computed is a row's, or is known to be
    abandoned: a row or an earlier session names it.  And each row is what
    the server computed."""
    named = set()
    for row in rows(path):
        name = row["request_id"].replace("cmpl-", "", 1)
        prompt, choices = fake.computed[name]
        assert row["prompt_token_ids"] == prompt
        assert row["token_ids"] == choices[row["choice"] or 0]
        named |= {name, *row["abandoned"]}
    earlier = tuple(row["prefix"] for row in rows(path, "session")[:-1])
    assert not [name for name in set(fake.computed) - named
                if not name.startswith(earlier)]
