"""Recompute the seals: python3 verify_seals.py seals.tsv [earlier.tsv] [12-3f7a-91c2-04bd-77e0-5a18 ...]

Python 3.8 or newer, nothing else. It tells the first row that is not as it was sealed. An earlier file, or seals that
were printed, show a chain that was written anew as a whole."""

import hashlib
import sys
from pathlib import Path


def must(holds, what):
    if not holds:
        sys.exit("WRONG: " + what)


def compare(path, earlier_path):
    seal = table = ""
    with open(path, "rb") as file, open(earlier_path, "rb") as earlier:
        for was in earlier:
            if was.startswith(b"seal\t"):
                seal, table = was.decode().split("\t")[1:3]
            row = was.decode().rstrip("\n").split("\t")[1] if was[:1] not in (b"s", b"=") else "its own line"
            must(file.readline() == was, f"seal {seal}, {table} {row}: the earlier file says otherwise")


def recompute(path):
    seals, reached, rows = ["0" * 64], {}, 0
    with open(path, "rb") as file:
        for head in file:
            cells = head.decode().rstrip("\n").split("\t")
            must(len(cells) == 8 and cells[0] == "seal", f"after seal {len(seals) - 1}: no line of a seal")
            _, number, table, _form, is_late, count, _at, previous = cells
            must(int(number) == len(seals), f"seal {len(seals)} is missing")
            must(previous == seals[-1], f"seal {number} does not follow the seal before it")
            whole, last = hashlib.sha256(head), "" if is_late == "1" else reached.get(table, "")
            for _ in range(int(count)):
                digest, _, text = file.readline().partition(b"\t")
                must(digest not in (b"", b"="), f"seal {number} ends before its {count} rows")
                row, found, rest = text.rstrip(b"\n").partition(b"\t")
                place = f"seal {number}, {table} {row.decode()}"
                must(found, f"{place}: the row is missing")
                must(row.decode() > last, f"{place}: the row is out of order, or there twice")
                must(hashlib.sha256(rest).hexdigest()[:16] == digest.decode(), f"{place}: the row was changed")
                whole.update(text)
                last, rows = row.decode(), rows + 1
            seals.append(whole.hexdigest())
            must(file.readline() == f"=\t{seals[-1]}\n".encode(), f"seal {number} is not that of its rows")
            reached[table] = reached.get(table, "") if is_late == "1" else last
    return seals, rows


files = [word for word in sys.argv[1:] if Path(word).exists()]
for earlier in files[1:]:
    compare(files[0], earlier)
seals, rows = recompute(files[0])
for number, _, digits in [word.lower().partition("-") for word in sys.argv[1:] if word not in files]:
    known = seals[int(number)] if number.isdigit() and int(number) < len(seals) else ""
    same = len(digits) >= 16 and known.startswith(digits.replace("-", ""))
    must(same, f"{number}-{digits} is no seal of this file, and no file")
parts = [seals[-1][start : start + 4] for start in range(0, 20, 4)]
sys.stdout.write(f"OK: {len(seals) - 1} seals over {rows} rows, newest {len(seals) - 1}-{'-'.join(parts)}\n")
