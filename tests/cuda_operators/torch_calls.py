"""What torch itself computes on the device, next to what it should be, as
lines of JSON: [name, result, expected]."""

import json

import torch

INTEGERS = torch.int32, torch.int64
FILLED = (*INTEGERS, torch.bool, torch.float32, torch.float16, torch.bfloat16)


def write(name, result, expected):
    print(json.dumps([name, result.cpu().tolist(), expected.tolist()]))


def main():
    for kind in FILLED:
        write(f"ones {kind}", torch.ones(5, dtype=kind, device="cuda"),
              torch.ones(5, dtype=kind))
        # From an odd address on.
        part = torch.zeros(9, dtype=kind, device="cuda")
        part[3:8].fill_(1)
        expected = torch.zeros(9, dtype=kind)
        expected[3:8] = 1
        write(f"fill_ {kind}", part, expected)
    for kind in INTEGERS:
        write(f"arange {kind}",
              torch.arange(9, -4, -3, dtype=kind, device="cuda"),
              torch.arange(9, -4, -3, dtype=kind))
    generator = torch.Generator().manual_seed(3)
    for kind in torch.int64, torch.float32:
        source = torch.randint(0, 100, (4, 6), generator=generator).to(kind)
        for index in (torch.tensor([[5], [0], [2], [3]]),
                      torch.randint(0, 6, (4, 3), generator=generator)):
            write(f"gather {kind}", source.cuda().gather(1, index.cuda()),
                  source.gather(1, index))
        rows = torch.tensor([3, -4, 1, 1, 2])
        write(f"rows {kind}", source.cuda()[rows.cuda()], source[rows])
        write(f"elements {kind}", source[0].cuda()[rows.cuda()],
              source[0][rows])


if __name__ == "__main__":
    main()
