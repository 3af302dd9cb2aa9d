"""Recompute a draw: python3 verify_draw.py draw.json entries.txt result.csv (Python 3.8 or newer, nothing else)."""

import csv
import hashlib
import json
import sys
from pathlib import Path

document, text, result = (Path(name).read_bytes().decode() for name in sys.argv[1:4])
draw, rows, entries = json.loads(document), list(csv.DictReader(result.split("\n"))), text.split("\n")[:-1]


def sha256(words):
    return hashlib.sha256(words.encode()).hexdigest()


def must(holds, what):
    if not holds:
        sys.exit("WRONG: " + what)


must(sha256(draw["seed"]) == draw["commitment"], "the seed is not the one that was committed to")
must(sha256(text) == draw["list_sha256"], "the list of entries is not the one that was drawn from")
must(entries == sorted(set(entries)), "the list of entries is not sorted, or someone is on it twice")
order = sorted(entries, key=lambda entry: (sha256(f"{draw['seed']}:{draw['list_sha256']}:{entry}"), entry))
must([int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1)), "ranks are missing from the result")
must([row["entry"] for row in rows] == order[: len(rows)], "the result does not follow the order of the draw")
got = sum(row["outcome"] in ("won", "granted") for row in rows)
must(got <= draw["prizes"], "there are more winners than prizes")
sys.stdout.write(f"OK: {got} of {draw['prizes']} prizes, {len(rows)} of {len(entries)} entries considered, in order\n")
