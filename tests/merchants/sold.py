"""Sold appliances for tests: a campaign that asks for evidence, a shop, and sales of it."""

import io
import random
from uuid import UUID

from PIL import Image

from campaigns.catalog import offer_facts
from foundation import clock as clocks
from foundation.clock import bureau_day
from foundation.db import db, insert_rows
from foundation.ids import new_id, text_id
from foundation.states import Step
from identity.models import Citizen
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from merchants import hand_ins
from merchants.hand_ins import HandingIn, hand_in
from merchants.models import Redemption, SoldItem
from tests.world import CLOSES, ENDS, JIANGCHENG, a_round, citizens, claim, done, opened, shop, subsidy
from voucher import spending

CITY_SHARE = {"city": "20%", "jiangcheng": "80%"}
#: The city's numbers begin with it: two digits of the year, two of the province, 16 of the invoice.
SERIES = "234400000000"


def campaign_file(**evidence):
    """A campaign that gives 20 % up to 2,000 yuan for a refrigerator, and asks for invoice and delivery."""
    asked = evidence or {"invoice_days": 15, "delivery_days": 15, "files": "on_request", "grace_days": 5}
    document = subsidy("appliance_trade_in")
    offer = document["offers"][0]
    offer["refund"] = {"kind": "no_return"}
    offer["evidence"] = {"kind": "after_sale", **asked}
    document["rounds"] = [
        a_round(
            closes_at=CLOSES, releases=[{"offer": "meal", "stock": 40}], limits=[{"count": 20, "within": "campaign"}]
        )
    ]
    document["campaign"]["ends_at"] = ENDS
    return document


class Sold:
    """A shop of a campaign that asks for evidence; ``sell`` sells a refrigerator of 10,000 yuan for 8,000."""

    def __init__(self, monkeypatch, document=None):
        self.campaign = opened(document or campaign_file())
        self.shop = shop(self.campaign, industry="appliance", name="鸿运电器")
        self.people = 0
        self.sales = 0

    def sell(self, count=1, price_fen=1_000_000, *, name="林海生"):
        """Sell as many, each to a person of their own, and return the redemptions. The award is the cap."""
        buyers = citizens(self.people + count)[self.people :]
        self.people += count
        return [self.sell_to(buyer, price_fen, name=name) for buyer in buyers]

    def sell_to(self, buyer: UUID, price_fen=1_000_000, *, name="林海生") -> UUID:
        held = claim(buyer, self.campaign.release)
        self.sales += 1
        return done(lambda: self._sell(buyer, held, price_fen, name))

    def _sell(self, buyer, held, price_fen, name):
        db.session.get_one(Citizen, buyer).name = name
        now = clocks.now()
        counter = self.shop.till
        facts = offer_facts(self.campaign.offers["meal"])
        by_source = facts.terms.funding.split(200_000)
        step = Step(counter.actor, now, campaign_version_id=facts.campaign_version_id)
        assert spending.spend([held], step, actors={})
        redemption = {
            "id": new_id(),
            "entitlement_id": held,
            "campaign_id": facts.campaign_id,
            "campaign_version_id": facts.campaign_version_id,
            "offer_id": facts.offer_id,
            "merchant_id": self.shop.merchant_id,
            "store_id": counter.store_id,
            "till_id": counter.till_id,
            "cashier_id": None,
            "bill_fen": price_fen,
            "discount_fen": 200_000,
            "status": "redeemed",
            "redeemed_at": now,
            "bureau_day": bureau_day(now),
        }
        insert_rows(Redemption, [redemption])
        used = {"entitlement": held, "at": now, "place": "鸿运电器总店", "bill": price_fen, "discount": 200_000}
        spending.record_use([used])
        hand_ins.expect([(redemption, facts)])
        document = ("redemption", text_id(redemption["id"]))
        post([_owed(facts, source, fen, self.shop.merchant_id, document) for source, fen in by_source.items()], at=now)
        item = {
            "redemption_id": redemption["id"],
            "category": "refrigerator",
            "grade": "1",
            "price_fen": price_fen,
            "barcode": "6901234567892",
            "serial": f"SN{self.sales:08d}",
            "imei": "",
            "brand": "美的",
            "model_name": "BCD-500",
        }
        insert_rows(SoldItem, [item])
        return redemption["id"]


def _owed(facts, source, fen, merchant_id, document):
    held = accounts.outstanding(facts.campaign_id, facts.source_ids[source], offer_id=facts.offer_id)
    owed = accounts.payable(facts.campaign_id, facts.source_ids[source], merchant_id=merchant_id)
    return Posting(Code.REDEEM, held, owed, fen, document)


def picture(seed):
    """Return a JPEG of patches; two of one seed look alike, of two seeds they do not."""
    patches = random.Random(seed)
    small = Image.new("L", (9, 8))
    small.putdata([patches.randrange(256) for _ in range(72)])
    out = io.BytesIO()
    small.resize((360, 320), Image.Resampling.BOX).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def typed(number=1, **changed):
    """What a merchant types for a sale; numbers are far apart, and so are addresses."""
    day = bureau_day(clocks.now()).isoformat()
    return {
        "invoice_number": f"{SERIES}{number * 10:08d}",
        "invoice_on": day,
        "invoice_fen": "10000.00",
        "invoice_buyer": "林海生",
        "delivered_on": day,
        "delivery_county": JIANGCHENG,
        "delivery_address": f"江城区东风一路 {number} 号",
        **changed,
    }


def handed_in(sold, redemption_id, number=1, **changed):
    """Hand a sale's evidence in."""
    done(
        lambda: hand_in(
            HandingIn(redemption_id, typed(number, **changed)), actor="cashier:1", store_id=sold.shop.store_id
        )
    )
