"""As many sales of articles as a city has in years, made by PostgreSQL itself; and how long questions about them take.

    python -m tests.merchants.many_sales 300000 3000000 10000000

prints, for each number of sales at 9,000 a day, how long the night's figures of 30 days take and what a till costs.
"""

import sys
import time
from datetime import date

from sqlalchemy import text

from foundation import postgres
from foundation.db import db, transaction
from merchants.prices import keep_figures, kept_figures
from tests import databases, trade_in
from webapp import create_app

TODAY = date(2026, 7, 1)
BARCODES = 2_000


def make(count: int, per_day: int) -> None:
    """Make sales of the days before TODAY, latest first; they belong to no entitlement, which nothing here asks."""
    campaign = trade_in.opened()
    store = trade_in.shop(campaign)
    offer, version = db.session.execute(text("SELECT id, campaign_version_id FROM offer")).one()
    values = {
        "count": count, "per_day": per_day, "today": TODAY, "campaign": campaign.id, "version": version, "offer": offer,
        "merchant": store.merchant_id, "store": store.store_id, "barcodes": BARCODES,
    }  # fmt: skip
    with transaction():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        db.session.execute(text(_REDEMPTIONS), values)
        db.session.execute(text(_ARTICLES), values)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE redemption"))
        connection.execute(text("VACUUM ANALYZE sold_item"))


_REDEMPTIONS = """
    INSERT INTO redemption (id, entitlement_id, campaign_id, campaign_version_id, offer_id, merchant_id, store_id,
        bill_fen, discount_fen, status, redeemed_at, bureau_day)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, :campaign, :version, :offer, :merchant,
        :store, 300000 + CAST(n AS bigint) * 7919 % 50000, 100, 'redeemed', now(),
        CAST(:today AS date) - 1 - CAST(n / :per_day AS int)
    FROM generate_series(1, :count) n
"""
_ARTICLES = """
    INSERT INTO sold_item (redemption_id, category, grade, price_fen, barcode, serial, imei, brand, model_name)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'refrigerator', '1', 300000 + CAST(n AS bigint) * 7919 % 50000,
        CAST(6900000000000 + n % :barcodes AS text), '', '', '', ''
    FROM generate_series(1, :count) n
"""


def measure(count: int) -> str:
    with databases.fresh_postgres() as url:
        app = create_app(databases.settings_for(url))
        with app.app_context():
            # What is measured is the server, however long it takes.
            postgres.ANSWER_SECONDS = 3_600.0
            make(count, 9_000)
            began = time.perf_counter()
            with transaction():
                kept = keep_figures(30, TODAY)
            night = time.perf_counter() - began
            asked = kept_figures(["4417"], ["6900000000007"], [30], TODAY)
            sql = asked.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True})
            plan = db.session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {sql}").scalars().all()
            db.session.remove()
            db.engine.dispose()
    told = ", ".join(line.strip() for line in plan if "Buffers" in line or "Execution" in line)
    return f"{count:,} sales: {kept:,} figures in {night:.1f} s; a till: {told}"


if __name__ == "__main__":
    databases.begin_run()
    try:
        for words in sys.argv[1:]:
            sys.stdout.write(f"{measure(int(words))}\n")
            sys.stdout.flush()
    finally:
        databases.end_run()
