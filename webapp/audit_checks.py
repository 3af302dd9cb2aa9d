"""Every room's audit checks, so that the hourly job, the command and the tests prove them all."""

import applications.audit_checks
import campaigns.audit_checks
import merchants.audit_checks
import merchants.hand_in_audit_checks
import merchants.payment_audit_checks
import settlement.audit_checks
import settlement.terms_audit_checks
import voucher.audit_checks
import voucher.purchase_audit_checks
from ledger import audit

#: Importing a room's checks registers them.
ROOMS_WITH_CHECKS = (
    applications.audit_checks,
    campaigns.audit_checks,
    merchants.audit_checks,
    merchants.hand_in_audit_checks,
    merchants.payment_audit_checks,
    settlement.audit_checks,
    settlement.terms_audit_checks,
    voucher.audit_checks,
    voucher.purchase_audit_checks,
)


class AuditFailed(Exception):
    """The books are not right; the text names the checks that found something."""


def audit_ledger() -> str:
    """Prove the books; the job's run is a failed one when anything is wrong. Raises AuditFailed."""
    findings = audit.run()
    if findings:
        raise AuditFailed(", ".join(f"{finding.check.name}: {finding.found}" for finding in findings))
    return f"{len(audit.checks())} checks clean"
