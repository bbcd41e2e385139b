"""One run of a strategy: manifest, server, signals, closing line."""

import asyncio
import dataclasses
import os
import time
from typing import Any, Callable

from moetap_branch.asker import Asker, tokens_of
from moetap_branch.failure import Misuse, Stopped
from moetap_branch.manifest import SCHEMA_VERSION, Manifest, differences
from moetap_branch.progress import Progress
from moetap_branch.server import Server
from moetap_branch.stopping import Stop

COUNTS = ("leaves", "uncovered_forks", "outside_p", "ended_children",
          "hypotheses")


@dataclasses.dataclass(frozen=True)
class Job:
    """What is to be done.

    run(asker, inputs, parameters) is the strategy and returns counts for
    the end row.  digest: of the inputs.  concurrency: requests in flight.
    output: path of the manifest.  again: the command that resumes.
    """
    strategy: str
    run: Callable[..., Any]
    inputs: list
    digest: str
    parameters: dict
    concurrency: int
    output: str
    again: str


def _refuse_other(manifest, row):
    if manifest.first is None:
        return
    found = differences(manifest.first, row)
    if found:
        raise Misuse(f"{manifest.path}: holds a run with other values: "
                     f"{', '.join(found)}; resume with the old ones or name "
                     f"another file")


async def _model(server, wanted):
    """(model, owned_by or None)"""
    entries = await server.models()
    if entries is None:
        if wanted is None:
            raise Misuse(f"{server.url}: no /models there; check that --url "
                         f"ends in /v1, or name the model with --model")
        return wanted, None
    owners = {entry.get("id"): entry.get("owned_by") for entry in entries}
    names = ", ".join(str(name) for name in owners) or "none"
    if wanted is None and len(owners) != 1:
        raise Misuse(f"{server.url} serves several models or none ({names}); "
                     f"choose one with --model")
    model = next(iter(owners)) if wanted is None else wanted
    if model not in owners:
        raise Misuse(f"{server.url} does not serve the model {model}; it "
                     f"serves: {names}")
    return model, owners[model]


def _end_row(manifest, counts):
    rows = manifest.requests()
    requests = [row for row in rows if row["choice"] in (None, 0)]
    return {"kind": "end", "status": 3 if counts.get("uncovered_forks") else 0,
            "requests": len(requests), "rows": len(rows),
            "tokens": sum(map(tokens_of, rows)),
            "without_ids": sum(row["token_ids"] is None for row in rows),
            "abandoned": sum(len(row["abandoned"]) for row in requests),
            **{name: counts.get(name) for name in COUNTS}}


def _closing(manifest, asker, server, seconds):
    """What was done, on stdout."""
    rows = manifest.requests()
    print(f"moetap-branch: {len(rows):,} rows, "
          f"{sum(map(tokens_of, rows)):,} tokens; {asker.sent:,} requests "
          f"in {seconds:.1f} s, {server.retries} retries: {manifest.path}",
          flush=True)


def _losses(end, say):
    if end["uncovered_forks"]:
        say(f"{end['uncovered_forks']} forks have alternatives that the "
            f"server did not return (reached: false); ask for more with "
            f"--logprobs, or take a smaller --top-p")
    if end["without_ids"]:
        say(f"{end['without_ids']} rows have no token ids: the server does "
            f"not return them")


async def _work(job, manifest, arguments, server, stop, progress):
    """Runs the job to its end; the exit status."""
    model, owner = await _model(server, arguments.model)
    header = dict(_header(job), model=model)
    _refuse_other(manifest, header)
    session = {"kind": "session", "prefix": server.prefix}
    manifest.append(*([session] if manifest.first else [header, session]))
    asker = Asker(manifest, server, job.strategy, model, owner,
                  job.concurrency, progress)
    stop.in_flight = lambda: asker.in_flight
    start = time.monotonic()
    try:
        counts = await job.run(asker, job.inputs, job.parameters)
        manifest.append(_end_row(manifest, counts))
    except (Stopped, asyncio.CancelledError):
        progress.say(f"stopped; at least {asker.left} requests are left; "
                     f"this resumes: {job.again}")
        raise
    finally:
        progress.close()
        _closing(manifest, asker, server, time.monotonic() - start)
    _losses(manifest.end, progress.say)
    return manifest.end["status"]


def _header(job):
    return {"kind": "run", "schema_version": SCHEMA_VERSION,
            "strategy": job.strategy, "parameters": job.parameters,
            "model": None, "prompts": job.digest}


async def _run(job, manifest, arguments):
    progress = Progress()
    with Stop(progress.say) as stop:
        server = Server(arguments.url, arguments.patience, arguments.timeout,
                        job.concurrency, os.environ.get("OPENAI_API_KEY"),
                        stop.event, progress.say)
        try:
            return await _work(job, manifest, arguments, server, stop,
                               progress)
        except (Stopped, asyncio.CancelledError):
            if stop.signal is None:
                raise
            return stop.status()
        finally:
            progress.close()
            await server.close()


def run(job, arguments, say):
    """Does the job, or goes on with it; the exit status."""
    with Manifest(job.output) as manifest:
        if manifest.torn:
            say(f"{job.output}: cut off a torn last row of {manifest.torn} "
                f"bytes; it is asked for again")
        _refuse_other(manifest, dict(_header(job), model=arguments.model))
        if manifest.end:
            say(f"{job.output}: finished already, "
                f"{manifest.end['requests']:,} requests")
            return manifest.end["status"]
        return asyncio.run(_run(job, manifest, arguments))
