"""City-wide prices, and what a price was judged by.

Revision ID: 0140
Revises: 0131
"""

import sqlalchemy as sa
from alembic import op

revision = "0140"
down_revision = "0131"
branch_labels = None
depends_on = None

#: With no default or a constant one, so that neither engine writes a row of these tables anew; and without a copy of the
#: table, which would cost SQLite its triggers.
COLUMNS = (
    ("sold_item", "held_against_fen", sa.BigInteger()),
    ("sold_item", "held_days", sa.Integer()),
    ("sold_item", "held_sales", sa.Integer()),
    ("sold_item", "held_tolerance", sa.Integer()),
    ("entitlement", "redeemed_note", sa.String(length=200)),
)


def upgrade() -> None:
    op.create_table(
        "city_price",
        sa.Column("city", sa.String(length=4), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("barcode", sa.String(length=13), nullable=False),
        sa.Column("for_day", sa.Date(), nullable=False),
        sa.Column("median_fen", sa.BigInteger(), nullable=False),
        sa.Column("sales", sa.Integer(), nullable=False),
        sa.CheckConstraint("days > 0 AND median_fen > 0 AND sales > 0", name=op.f("ck_city_price_of_sales")),
        sa.PrimaryKeyConstraint("city", "days", "barcode", name=op.f("pk_city_price")),
    )
    for table, column, kind in COLUMNS:
        op.add_column(table, sa.Column(column, kind, nullable=True))
    # It is sealed, and what is sealed tells nothing from an empty text.
    op.add_column("refused_scan", sa.Column("about", sa.String(length=200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("refused_scan", "about")
    for table, column, _kind in reversed(COLUMNS):
        op.drop_column(table, column)
    op.drop_table("city_price")
