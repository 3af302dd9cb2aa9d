"""What must hold between applications, their numbers, their money and what they were granted."""

from applications.models import ApplicationDecision
from ledger import sealed_tables
from ledger.audit import Check, register
from ledger.sealed_tables import Form

register(
    Check(
        "live_applications_hold_their_money",
        "An application under review or in public has a reservation; one that waits or has ended has none.",
        """
        SELECT a.id, a.status, r.status AS reservation, a.award_fen, r.amount_fen FROM application a
        LEFT JOIN reservation r ON r.id = a.id AND r.status = 'held'
        WHERE (a.status IN ('reviewing', 'correcting', 'passed', 'noticed', 'held')) <> (r.id IS NOT NULL)
        """,
    ),
    Check(
        "approved_applications_were_granted",
        "An application is approved exactly if an entitlement of its own was granted for its award.",
        """
        SELECT a.id, a.status, a.award_fen, e.face_value_fen FROM application a
        LEFT JOIN entitlement e ON e.id = a.id
        WHERE (a.status = 'approved') <> (e.id IS NOT NULL) OR (e.id IS NOT NULL AND e.face_value_fen <> a.award_fen)
        """,
    ),
    Check(
        "waiting_top_ups_are_of_applications_that_stand",
        "A top-up waits only for an application that is under review or was approved.",
        """
        SELECT t.id, t.status, a.id AS application_id, a.status AS application_status FROM top_up t
        LEFT JOIN application a ON a.id = t.application_id
        WHERE t.status = 'waiting'
          AND (a.id IS NULL OR a.status NOT IN ('reviewing', 'correcting', 'passed', 'noticed', 'held', 'approved'))
        """,
    ),
    Check(
        "live_applications_hold_their_numbers",
        "An application that waits, is reviewed or was approved holds car and invoice; an ended one holds none.",
        """
        SELECT a.id, a.status, COUNT(m.kind) AS marks FROM application a
        LEFT JOIN evidence_mark m ON m.holder_kind = 'application' AND m.kind IN ('vin', 'vehicle_invoice')
             AND m.holder_id = REPLACE(CAST(a.id AS TEXT), '-', '')
        GROUP BY a.id, a.status
        HAVING COUNT(m.kind) <> CASE
            WHEN a.status IN ('waiting', 'reviewing', 'correcting', 'passed', 'noticed', 'held', 'approved') THEN 2
            ELSE 0 END
        """,
    ),
    Check(
        "approvals_went_through_every_review",
        "What has passed review was approved once for each stage, each by another officer.",
        """
        SELECT a.id, a.status, a.stage, COUNT(d.id) AS approvals, COUNT(DISTINCT d.reviewer_id) AS reviewers
        FROM application a
        LEFT JOIN application_decision d ON d.application_id = a.id AND d.kind = 'approve'
        WHERE a.status IN ('passed', 'noticed', 'held', 'approved')
        GROUP BY a.id, a.status, a.stage
        HAVING COUNT(d.id) <> a.stage + 1 OR COUNT(DISTINCT d.reviewer_id) <> COUNT(d.id)
        """,
    ),
    Check(
        "submissions_are_numbered_without_gaps",
        "The numbers of a round's submissions are 1 to as many as its counter says, in the order of their time.",
        """
        SELECT a.round_id, COUNT(a.sequence) AS numbered, MAX(a.sequence) AS last, c.submitted
        FROM application a JOIN submission_counter c ON c.round_id = a.round_id
        GROUP BY a.round_id, c.submitted
        HAVING COUNT(a.sequence) <> c.submitted OR COALESCE(MAX(a.sequence), 0) <> c.submitted
        """,
    ),
    Check(
        "held_applications_have_an_objection",
        "An application is held exactly while an objection to it is open.",
        """
        SELECT a.id, a.status, COUNT(o.id) AS objections FROM application a
        LEFT JOIN objection o ON o.application_id = a.id AND o.status = 'open'
        WHERE a.status <> 'withdrawn'
        GROUP BY a.id, a.status HAVING (a.status = 'held') <> (COUNT(o.id) > 0)
        """,
    ),
)

sealed_tables.register(
    ApplicationDecision,
    Form(
        (
            "application_id", "kind", "stage", "reviewer_id", "decided_at", "reasons", "fields",
            "campaign_version_id", "evidence_digest",
        ),
        ("words",),
    ),
)  # fmt: skip
