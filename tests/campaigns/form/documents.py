"""Campaign files of every kind, made up: each is without fault."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from campaigns.terms.axis import strategies
from tests import world

NAMES = st.text(st.characters(categories=["L", "N"], include_characters="“”,、% "), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)
YUAN = st.integers(1, 900) | st.decimals("0.01", "900", places=2)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=2)).map(lambda later: world.OPENS + later)
INDUSTRIES = st.lists(st.sampled_from(["catering", "retail", "lodging"]), unique=True)


@st.composite
def benefits(draw: Any) -> tuple[str, dict[str, Any], Decimal]:
    """Return a kind of campaign, a benefit for it, and what one may cost in yuan."""
    kind = (
        draw(st.sampled_from(sorted(strategies("campaigns.terms.benefit"))))
        if draw(st.booleans())
        else "spend_discount"
    )
    if kind == "percent_by_grade":
        cap = draw(YUAN)
        rates = draw(st.sampled_from([{"any": "15%"}, {"1": "20.5%", "2": "15%"}, {"none": "0.01%"}]))
        more = draw(st.sampled_from([{}, {"price_ceiling_yuan": 6000}, {"rounding": "half_up", "invoice": "paid"}]))
        table = {"kind": kind, "rates": rates, "cap_yuan": cap, "categories": {"phone": 2, "tablet": 1}, **more}
        return "appliance_trade_in", table, Decimal(cap)
    if kind == "price_tiers":
        amounts = draw(st.sampled_from([{"yuan": 20}, {"ice_yuan": 10, "nev_yuan": 20}]))
        high: dict[str, Any] = {"prices": "[10万, ∞)", **amounts}
        if draw(st.booleans()):
            high = {"prices": "[10万, ∞)", "floating": {"pool_yuan": 100, "least_yuan": 5, "most_yuan": 20}}
        more = draw(st.sampled_from([{}, {"buyers": {"firm": 3, "person": 1}}, {"given_as": "discount"}]))
        tiers = [{"prices": "[0, 10万)", "yuan": 20, "most_cars": 9}, high]
        return "car_subsidy", {"kind": kind, "price": "tax_inclusive", "tiers": tiers, **more}, Decimal(20)
    face = draw(YUAN)
    rule = {"threshold_times": draw(st.integers(2, 9))} if draw(st.booleans()) else {"threshold_yuan": face + 1}
    return "consumer_voucher", {"kind": "spend_discount", "face_value_yuan": face, **rule}, Decimal(face)


@st.composite
def validities(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(strategies("campaigns.terms.validity"))))
    more: dict[str, Any] = {
        "days": {"days": draw(st.integers(4, 40))},
        "hours": {"hours": draw(st.integers(90, 400))},
        "natural_days": {"days": 9, "counted_from": draw(st.sampled_from(["claim_day", "next_day"]))},
        "fixed_end": {"until": world.ENDS},
    }.get(kind, {})
    later = draw(st.sampled_from([{}, {"usable_after_days": 1}, {"usable_from": world.CLOSES}]))
    return {"kind": kind, **more, **({} if kind in ("same_day", "month_end") else later)}


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """Return a campaign file as values."""
    kind, benefit, cost = draw(benefits())
    fixed = {"kind": "fixed", "amounts": {"city": cost}}
    funding = draw(st.sampled_from([{"shares": {"city": "33.33%", "jiangcheng": "66.67%"}}, fixed]))
    if kind != "consumer_voucher":
        funding = {"shares": {"city": "100%"}}
    scope = draw(st.sampled_from([{}, {"counties": [world.YANGDONG, world.JIANGCHENG]}, {"above_quota": True}]))
    offer = world.offer(
        name=draw(NAMES), benefit=benefit, funding=funding, scope={**scope, "industries": draw(INDUSTRIES)},
        validity=draw(validities()),
    )  # fmt: skip
    if kind == "appliance_trade_in" or draw(st.booleans()):
        used_up = {"no_return", "pay_back_first", "recomputed"}
        kinds = used_up if kind == "appliance_trade_in" else set(strategies("campaigns.terms.refund")) - {"recomputed"}
        offer["refund"] = {"kind": draw(st.sampled_from(sorted(kinds)))}
    if kind == "consumer_voucher":
        offer["use"] = draw(st.sampled_from([{}, {"scan_mode": "scanned"}, {"per_order": 2, "scan_mode": "either"}]))
    opens = draw(MOMENTS)
    a_round = world.a_round(name=draw(NAMES), opens_at=opens, closes_at=world.CLOSES)
    a_round["issuance"] = {"kind": draw(st.sampled_from(["first_come", "named_list"]))}
    if kind != "appliance_trade_in" and draw(st.booleans()):
        register = opens + timedelta(minutes=1)
        a_round["issuance"] = {
            "kind": "lottery", "register_until": register, "draw_at": register + timedelta(minutes=10, microseconds=7),
        }  # fmt: skip
    if kind == "car_subsidy":
        corrections = draw(st.sampled_from([{"most": 3, "days": 5}, {"until": world.ENDS}]))
        a_round["issuance"] = world.by_application(
            reviews=draw(st.sampled_from([["city"], ["county", "city"]])), corrections=corrections,
            waiting_list=draw(st.booleans()), plates=draw(st.sampled_from([[], ["粤Q"]])),
        )  # fmt: skip
    if kind == "consumer_voucher" and a_round["issuance"]["kind"] == "first_come" and draw(st.booleans()):
        offer["sold"] = draw(st.sampled_from([{"price_yuan": 0}, {"price_yuan": Decimal("0.01"), "proceeds": "city"}]))
    document = world.spring(offers=[offer], rounds=[a_round])
    document["campaign"] |= {"kind": kind, "name": draw(NAMES)}
    if draw(st.booleans()):
        document["campaign"]["notice"] = f"{draw(NAMES)}\n\n{draw(NAMES)}\n"
    if kind == "consumer_voucher" and "sold" not in offer and draw(st.booleans()):
        document["packs"] = [{"code": "both", "name": draw(NAMES), "contents": [{"offer": "meal", "count": 2}]}]
        a_round["releases"] = [
            {"pack": "both", "stock": 2, "group": "one"},
            {"offer": "meal", "stock": 1, "group": "one"},
        ]
    people = draw(st.sampled_from([None, {}, {"same_person": []}, {"same_person": ["card", "id_number"]}]))
    if people is not None:
        document["people"] = people | draw(
            st.sampled_from([{}, {"real_name": True}, {"real_name": True, "min_age": 0}])
        )
    return document
