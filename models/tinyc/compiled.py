"""Compiles generated C and groups it by assembly."""

import collections
import concurrent.futures
import os
import re
import subprocess
import tempfile

SECONDS = 10
COMMAND = ["prlimit", f"--cpu={SECONDS}", f"--as={1 << 30}",
           f"--fsize={1 << 20}", "gcc", "-S", "-O0", "-w", "-x", "c", "-",
           "-o", "-"]
DIRECTIVE = re.compile(r"\s*\.(file|ident)\b")


def assembly(prompt, completion):
    """The assembly of a function, or None if it does not compile.

    What a model wrote is not trusted: it may not contain a preprocessor
    directive, inline assembly or a built-in, and gcc runs under limits in an
    empty folder.
    """
    if re.search(r"#|%:|\?\?=|\basm\b|__|\\", completion.replace("'\\0'", "")):
        return None
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            COMMAND, input=prompt + completion, text=True, cwd=folder,
            capture_output=True, timeout=6 * SECONDS,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            check=False)
    if done.returncode != 0:
        return None
    return "\n".join(line for line in done.stdout.splitlines()
                     if not DIRECTIVE.match(line))


class Groups:
    """The completions of one prompt, grouped by equal assembly."""

    def __init__(self, prompt, completions):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            codes = list(pool.map(lambda text: assembly(prompt, text),
                                  completions))
        self.samples = len(completions)
        self.texts = len(set(completions))
        self.compiled = sum(code is not None for code in codes)
        self.sizes = [count for _, count in collections.Counter(
            code for code in codes if code is not None).most_common()]

    def top(self, count):
        """Share of the `count` largest groups in what compiled."""
        return sum(self.sizes[:count]) / max(1, self.compiled)
