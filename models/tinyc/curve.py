"""Draws a loss curve.

    python models/tinyc/curve.py FOLDER/loss.csv > FOLDER/loss.svg
"""

import csv
import math
import sys

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 320, 48, 32
TICKS = (0.25, 0.5, 1, 2, 4)


def draw(points):
    """An SVG picture of (step, loss) pairs; the loss on a logarithmic axis."""
    last = points[-1][0]
    low = math.log(min(TICKS[0], *(loss for _, loss in points)))
    high = math.log(max(TICKS[-1], *(loss for _, loss in points)))

    def x(step):
        return LEFT + step / last * (WIDTH - LEFT - 8)

    def y(loss):
        return 8 + (high - math.log(loss)) / (high - low) * (
            HEIGHT - BOTTOM - 8)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
             f'height="{HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for tick in TICKS:
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - 8}" '
                     f'stroke="#ddd"/><text x="{LEFT - 6}" '
                     f'y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>')
    line = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f5fa8"/>')
    parts.append(f'<text x="{WIDTH - 8}" y="{HEIGHT - 10}" text-anchor="end">'
                 f'step {last}</text><text x="{LEFT}" y="{HEIGHT - 10}">'
                 'training loss, nats per token</text></svg>')
    return "\n".join(parts) + "\n"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        points = [(int(row["step"]), float(row["loss"]))
                  for row in csv.DictReader(file)]
    sys.stdout.write(draw(points))


if __name__ == "__main__":
    main()
