"""Where a sequence could have gone on otherwise: the nucleus of top-P."""

import math


def nucleus(alternatives, asked, top_p):
    """(members, mass covered, whether it reaches top_p).

    alternatives: [[token, logprob], ...], most probable first.  A server adds
    the sampled token to the `asked` most probable ones; between these and
    that token others may be missing, so it cannot help to reach top_p.  Where
    top_p is not reached, all alternatives are members.
    """
    covered = 0.0
    for count, (_, logprob) in enumerate(alternatives[:asked], 1):
        covered += math.exp(logprob)
        if covered >= top_p:
            return alternatives[:count], covered, True
    covered = sum(math.exp(logprob) for _, logprob in alternatives)
    return alternatives, covered, False


def forks(start, sampled, top, asked, top_p):
    """(forks, positions of sampled tokens outside their nucleus).

    start: position of the first sampled token.  A fork is a position with
    two or more members, or one whose nucleus is not known to the end.
    """
    found, outside = [], []
    for position, (token, alternatives) in enumerate(zip(sampled, top), start):
        members, covered, reached = nucleus(alternatives, asked, top_p)
        if token not in (member for member, _ in members):
            outside.append(position)
        if len(members) > 1 or not reached:
            found.append({"position": position, "children": members,
                          "covered": covered, "reached": reached})
    return found, outside


def end_tokens(rows):
    """The tokens that ended a row: known ends of a sequence."""
    return {row["token_ids"][-1] for row in rows
            if row["finish_reason"] == "stop" and row["token_ids"]}
