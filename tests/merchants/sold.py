"""Sold appliances for tests: a campaign that asks for evidence, a shop, and sales of it."""

import io
import random
from uuid import UUID

from PIL import Image

from foundation import clock as clocks
from foundation.clock import bureau_day
from foundation.db import db, transaction
from identity.models import Citizen
from merchants.hand_ins import HandingIn, hand_in
from merchants.items import Item
from merchants.redemptions import redeem
from tests.world import CLOSES, ENDS, JIANGCHENG, a_round, citizens, done, opened, shop, show, subsidy
from voucher import claims

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

    def __init__(self, document=None):
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
        with transaction():
            db.session.get_one(Citizen, buyer).name = name
            held = claims.claim(buyer, self.campaign.release, category="refrigerator").entitlement_id
        digits = show(held, buyer)
        self.sales += 1
        item = Item(
            grade="1",
            barcode="6901234567892",
            serial=f"SN{self.sales:08d}",
            brand="美的",
            model_name="BCD-500",
        )
        return done(lambda: redeem(self.shop.till, digits, price_fen, item=item)).redemption_id


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
