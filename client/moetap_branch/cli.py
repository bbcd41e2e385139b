"""The command line: arguments, and what each verb does with them."""

import argparse
import math
import os
import shlex
import sys

from moetap_branch import beam, manifest, paths, prompts, replay, runner
from moetap_branch import sample, tree
from moetap_branch.failure import Failure, Misuse

EXAMPLES = {
    "sample": "moetap-branch sample --url http://127.0.0.1:8000/v1 "
              "--prompts prompts.jsonl -o run.jsonl -n 16",
    "tree": "moetap-branch tree --url http://127.0.0.1:8000/v1 "
            "--prompts prompts.jsonl -o run.jsonl --top-p 0.9 --leaves 32",
    "beam": "moetap-branch beam --url http://127.0.0.1:8000/v1 "
            "--prompts prompts.jsonl -o run.jsonl --width 4",
    "replay": "moetap-branch replay run.jsonl "
              "--url http://127.0.0.1:8000/v1 -o replay.jsonl --passes 2",
    "paths": "moetap-branch paths run.jsonl -o trees.json",
}
STRATEGIES = {"sample": sample.run, "tree": tree.run, "beam": beam.run}
PARAMETERS = {
    "sample": ("n", "temperature", "max_tokens"),
    "tree": ("temperature", "top_p", "leaves", "depth", "max_tokens",
             "logprobs"),
    "beam": ("width", "beam", "max_tokens", "logprobs"),
    "replay": ("passes", "batch", "seed"),
}


def _number(convert, low, high, words):
    """An argument type: a number from `low` to `high`."""
    def parse(text):
        try:
            value = convert(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not {words}")
        return value
    return parse


COUNT = _number(int, 1, math.inf, "an integer from 1")
DEPTH = _number(int, 0, math.inf, "an integer from 0")
SEED = _number(int, -math.inf, math.inf, "an integer")
SECONDS = _number(float, 0.001, 1e9, "a number of seconds above 0")
TEMPERATURE = _number(float, 0, 1e9, "a number from 0")
SHARE = _number(float, 1e-9, 1, "a number above 0, at most 1")


def say(text):
    print(f"moetap-branch: {text}", file=sys.stderr, flush=True)


def _add_server(verb):
    verb.add_argument("--url", required=True,
                      help="base of the server, mostly ending in /v1")
    verb.add_argument("--model", help="default: the server's only one")
    verb.add_argument("--patience", type=SECONDS, default=300.0,
                      metavar="SECONDS", help="how long to go on retrying a "
                      "server that does not answer (default 300)")
    verb.add_argument("--timeout", type=SECONDS, default=300.0,
                      metavar="SECONDS", help="of one request (default 300)")
    verb.add_argument("-o", required=True, dest="output", metavar="MANIFEST",
                      help="manifest to write, or to go on with")


def _add_prompts(verb):
    _add_server(verb)
    verb.add_argument("--prompts", required=True, metavar="FILE",
                      help="JSONL of {\"id\", \"prompt\" or "
                      "\"prompt_token_ids\", \"labels\"}")
    verb.add_argument("--max-tokens", type=COUNT, default=256, metavar="N",
                      help="generated tokens at most, counted from the end of "
                      "the prompt (default 256)")
    verb.add_argument("--concurrency", type=COUNT, default=16, metavar="N",
                      help="requests in flight (default 16)")


def _add_temperature(verb):
    verb.add_argument("--temperature", type=TEMPERATURE, default=0.7,
                      metavar="T", help="of the samples (default 0.7)")


def _add_logprobs(verb):
    verb.add_argument("--logprobs", type=COUNT, default=20, metavar="K",
                      help="alternatives asked for per token (default 20)")


def _parser():
    parser = argparse.ArgumentParser(
        prog="moetap-branch", allow_abbrev=False,
        description="Sends branching completion requests to a server and "
        "writes a manifest of them.  The same command resumes.")
    verbs = parser.add_subparsers(dest="verb", required=True)

    def add(name, text):
        return verbs.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".",
            epilog=f"example: {EXAMPLES[name]}", allow_abbrev=False)

    verb = add("sample", "independent samples of each prompt")
    _add_prompts(verb)
    _add_temperature(verb)
    verb.add_argument("-n", type=COUNT, default=16, metavar="N",
                      help="samples of each prompt (default 16)")
    _add_tree(add("tree", "branch where top-P has several tokens"))
    _add_beam(add("beam", "beam search of each prompt"))
    _add_replay(add("replay", "send the sequences of a manifest again"))
    verb = add("paths", "the fork trees of manifests as canonical JSON")
    verb.add_argument("manifests", nargs="+", metavar="MANIFEST")
    verb.add_argument("-o", dest="output", metavar="FILE",
                      help="default: standard output")
    return parser


def _add_tree(verb):
    _add_prompts(verb)
    _add_temperature(verb)
    _add_logprobs(verb)
    verb.add_argument("--top-p", type=SHARE, default=0.9, metavar="P",
                      help="probability that the children of a fork cover "
                      "(default 0.9)")
    verb.add_argument("--leaves", type=COUNT, default=32, metavar="N",
                      help="of each prompt at most (default 32)")
    verb.add_argument("--depth", type=DEPTH, default=3, metavar="N",
                      help="levels of children below the first sample "
                      "(default 3)")


def _add_beam(verb):
    _add_prompts(verb)
    _add_logprobs(verb)
    verb.add_argument("--width", type=COUNT, default=4, metavar="N",
                      help="beams kept after each step (default 4)")
    verb.add_argument("--beam", choices=("auto", "server", "client"),
                      default="auto", help="who searches: the server in one "
                      "request, or the client in requests of one token "
                      "(default auto: the server if it is vLLM)")


def _add_replay(verb):
    verb.add_argument("manifest", metavar="MANIFEST")
    _add_server(verb)
    verb.add_argument("--passes", type=COUNT, default=1, metavar="N",
                      help="times that each sequence is sent (default 1)")
    verb.add_argument("--batch", type=COUNT, default=16, metavar="N",
                      help="requests in flight; all of them end before the "
                      "next are sent (default 16)")
    verb.add_argument("--seed", type=SEED, default=0, metavar="N",
                      help="of the order (default 0)")


def _job(arguments, again, run, inputs, digest):
    parameters = {name: getattr(arguments, name)
                  for name in PARAMETERS[arguments.verb]}
    concurrency = getattr(arguments, "concurrency", parameters.get("batch"))
    return runner.Job(arguments.verb, run, inputs, digest, parameters,
                      concurrency, arguments.output, again)


def _branch(arguments, again):
    if arguments.verb == "beam" and arguments.logprobs < 2 * arguments.width:
        raise Misuse(f"--width {arguments.width} needs --logprobs "
                     f"{2 * arguments.width} or more (a server may have to "
                     f"be told to return so many: vLLM's --max-logprobs)")
    found = prompts.read(arguments.prompts)
    return runner.run(
        _job(arguments, again, STRATEGIES[arguments.verb], found,
             prompts.digest_of(found)), arguments, say)


def _read(path):
    """The rows of a manifest; says what is missing in it."""
    rows, torn = manifest.read(path)
    finished = any(row["kind"] == "end" for row in rows)
    if not finished:
        say(f"{path}: not finished{' and torn' if torn else ''}; the command "
            f"that wrote it resumes; taking what is there")
    return rows, finished


def _replay(arguments, again):
    rows, _ = _read(arguments.manifest)
    found = replay.paths_of(rows, arguments.manifest)
    if not found:
        raise Misuse(f"{arguments.manifest}: no request in it to replay")
    digest = prompts.digest([tokens for tokens, _ in found])
    return runner.run(_job(arguments, again, replay.run, found, digest),
                      arguments, say)


def _paths(arguments, _):
    read = [(path, *_read(path)) for path in arguments.manifests]
    text = paths.canonical([(path, rows) for path, rows, _ in read])
    if arguments.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        try:
            with open(arguments.output, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            raise Misuse(f"{arguments.output}: {error.strerror}") from None
    return 0 if all(finished for _, _, finished in read) else 3


def main(argv=None):
    """Runs one command; the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = _parser().parse_args(argv)
    verb = {"replay": _replay, "paths": _paths}.get(arguments.verb, _branch)
    try:
        return verb(arguments, shlex.join(["moetap-branch", *argv]))
    except Failure as error:
        say(str(error))
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
