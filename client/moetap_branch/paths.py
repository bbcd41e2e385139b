"""The fork trees of manifests as canonical JSON."""

import json

from moetap_branch.failure import Misuse


def _sequences(rows, path):
    """(tokens, root prompt) of each request."""
    for row in rows:
        if row["kind"] != "request":
            continue
        prompt, sampled = row["prompt_token_ids"], row["token_ids"]
        if prompt is None or sampled is None:
            raise Misuse(f"{path}: row \"{row['key']}\" has no token ids; a "
                         f"tree needs a server that returns them")
        yield prompt + sampled, prompt[:row["root_tokens"]]


def _common(first, last, known):
    """Length of the longest common prefix, which is at least `known`."""
    length = min(len(first), len(last))
    for at in range(known, length):
        if first[at] != last[at]:
            return at
    return length


def _parts(sequences, first, last, at):
    """The ranges of sequences that have the same token at a position."""
    start = first
    for here in range(first + 1, last + 1):
        if here == last or sequences[here][at] != sequences[start][at]:
            yield start, here
            start = here


def _nodes(sequences):
    """The nodes of one tree, in preorder; `sequences` are sorted."""
    nodes, todo = [], [(0, len(sequences), 0, None)]
    while todo:
        first, last, begin, parent = todo.pop()
        # Sorted: what the first and the last have in common, all have, and
        # a sequence that ends inside of it would be the first.
        end = _common(sequences[first], sequences[last - 1], begin)
        going_on = first
        while going_on < last and len(sequences[going_on]) == end:
            going_on += 1
        here = len(nodes)
        nodes.append({"parent": parent, "tokens": sequences[first][begin:end],
                      "ends": going_on - first})
        if going_on < last:
            parts = list(_parts(sequences, going_on, last, end))
            todo += [(a, b, end, here) for a, b in reversed(parts)]
    return nodes


def trees(pairs):
    """The trees of (tokens, root prompt) pairs.

    A root prompt that begins with another one joins its tree.
    """
    grouped = {}
    for tokens, root in pairs:
        grouped.setdefault(tuple(root), []).append(tokens)
    top, found = None, []
    for root in sorted(grouped):
        if top is None or root[:len(top)] != top:
            top = root
            found.append([])
        found[-1] += grouped[root]
    return {"trees": [{"nodes": _nodes(sorted(tree))} for tree in found]}


def canonical(manifests):
    """The text for [(path, rows), ...]."""
    pairs = [pair for path, rows in manifests
             for pair in _sequences(rows, path)]
    return json.dumps(trees(pairs), separators=(",", ":")) + "\n"
