"""The ledger's jobs: sealing what is only added to, and recomputing the seals."""

from foundation.db import transaction
from ledger import seal_checks, sealing


class SealsDiffer(Exception):
    """The chain is not what was sealed; the text names the first differences."""


def seal_books() -> str:
    """Seal what has been written since the last run."""
    done = sealing.seal_all()
    late = f", {done.late_rows} of them late" if done.late_rows else ""
    return f"{done.seals} seals over {done.rows} rows{late}; newest {sealing.newest().short}"


def verify_seals() -> str:
    """Recompute the whole chain; the job's run is a failed one when anything differs. Raises SealsDiffer."""
    verdict = seal_checks.verify()
    with transaction():
        seal_checks.record(verdict, "job:verify_seals")
    if verdict.found:
        told = "; ".join(str(difference) for difference in verdict.differences)
        raise SealsDiffer(f"{verdict.found} differences: {told}")
    return f"{verdict.seals} seals over {verdict.rows} rows are as they were made"
