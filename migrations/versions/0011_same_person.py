"""Who is the same person: identifiers, sets of them, and the persons that they make.

Revision ID: 0011
Revises: 0010

An identity number may now belong to several citizens, who are one person then. Each that is on file becomes an
identifier, and everybody who has had vouchers counted becomes a person of one citizen, under the id by which they
were counted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_identifier",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_person_identifier_citizen_id_citizen")),
        sa.PrimaryKeyConstraint("kind", "value_hash", "citizen_id", name=op.f("pk_person_identifier")),
    )
    op.create_index("ix_person_identifier_citizen_id_kind", "person_identifier", ["citizen_id", "kind"])
    op.create_table(
        "person_key_set",
        sa.Column("keys", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("keys", name=op.f("pk_person_key_set")),
    )
    op.create_table(
        "same_person",
        sa.Column("keys", sa.String(length=60), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_same_person_citizen_id_citizen")),
        sa.PrimaryKeyConstraint("keys", "citizen_id", name=op.f("pk_same_person")),
    )
    op.create_index("ix_same_person_person_id", "same_person", ["person_id"])
    with op.batch_alter_table("citizen") as citizen:
        citizen.drop_constraint(op.f("uq_citizen_id_number_hash"), type_="unique")
        citizen.create_index(op.f("ix_citizen_id_number_hash"), ["id_number_hash"])
    op.execute("INSERT INTO person_key_set (keys) VALUES ('id_number')")
    op.execute(
        "INSERT INTO person_identifier (kind, value_hash, citizen_id)"
        " SELECT 'id_number', id_number_hash, id FROM citizen WHERE id_number_hash IS NOT NULL"
    )
    op.execute(
        "INSERT INTO same_person (keys, citizen_id, person_id)"
        " SELECT DISTINCT 'id_number', q.person_id, q.person_id FROM person_quota q"
        " JOIN citizen c ON c.id = q.person_id"
    )


def downgrade() -> None:
    with op.batch_alter_table("citizen") as citizen:
        citizen.drop_index(op.f("ix_citizen_id_number_hash"))
        citizen.create_unique_constraint(op.f("uq_citizen_id_number_hash"), ["id_number_hash"])
    op.drop_index("ix_same_person_person_id", table_name="same_person")
    op.drop_table("same_person")
    op.drop_table("person_key_set")
    op.drop_index("ix_person_identifier_citizen_id_kind", table_name="person_identifier")
    op.drop_table("person_identifier")
