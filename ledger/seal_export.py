"""The chain as a file: every seal and every row that it covers, to be recomputed without this software.

A later file begins with the bytes of an earlier one, as long as nobody has changed what was sealed.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.engine import Engine

from foundation.db import db
from ledger.seal_models import Seal
from ledger.sealed_tables import form_of, id_of, parted, rows_between, rows_of
from ledger.sealing import head_line

FILE_NAME = "seals.tsv"


def chunks() -> Iterator[bytes]:
    """Return the file a seal at a time, up to the seal that is the newest now.

    Each seal is read in a transaction of its own: a slow reader keeps none open, and seals do not change. What is
    returned needs no application around it any more: an answer is sent when its request is over.
    """
    engine = db.engine
    with engine.connect() as connection:
        last = connection.scalar(select(Seal.number).order_by(Seal.number.desc()).limit(1)) or 0
    return _chunks(engine, last)


def _chunks(engine: Engine, last: int) -> Iterator[bytes]:
    reached: dict[str, UUID] = {}
    for number in range(1, last + 1):
        yield _chunk(engine, number, reached)


def _chunk(engine: Engine, number: int, reached: dict[str, UUID]) -> bytes:
    columns = (
        Seal.number, Seal.table_name, Seal.form, Seal.is_late, Seal.row_count, Seal.last_id, Seal.leaves,
        Seal.previous, Seal.seal, Seal.sealed_at,
    )  # fmt: skip
    with engine.connect() as connection:
        link = connection.execute(select(*columns).where(Seal.number == number)).first()
        known = link and form_of(link.table_name, link.form)
        if link is None or known is None:
            # Whoever recomputes the file is told that this number is missing.
            return b""
        sealed, form = known
        leaves = list(parted(link.leaves))
        if link.is_late:
            found = rows_of(connection, sealed, form, [row_id for row_id, _digest in leaves])
        else:
            found = rows_between(connection, sealed, form, reached.get(sealed.name), link.last_id)
            reached[sealed.name] = link.last_id
    rows = {id_of(line): line for line in found}
    lines = [head_line(link, link.previous)]
    for row_id, digest in leaves:
        # Of a row that is gone the leaf is still there.
        lines.append(b"%s\t%s\n" % (digest.hex().encode(), rows.get(row_id, row_id.encode())))
    lines.append(f"=\t{link.seal}\n".encode())
    return b"".join(lines)
