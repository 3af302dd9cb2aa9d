"""Citizens' page of the merchants room: the shops that take a campaign's vouchers."""

from itertools import groupby

from flask import Blueprint, render_template, request, url_for

from campaigns.offers import campaign_view
from campaigns.places import county_name, industry_name
from merchants.register import stores_of_campaign

blueprint = Blueprint("shop_pages", __name__, template_folder="templates")

SHOPS_PER_PAGE = 100


@blueprint.get("/campaigns/<code>/shops")
def shops(code: str) -> str:
    """List the stores of a campaign, by county."""
    campaign = campaign_view(code)
    stores = stores_of_campaign(campaign.campaign_id)
    page_count = max(1, -(-len(stores) // SHOPS_PER_PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), page_count)
    shown = stores[(page - 1) * SHOPS_PER_PAGE : page * SHOPS_PER_PAGE]
    return render_template(
        "merchants/shops.html",
        campaign=campaign,
        store_count=len(stores),
        by_county=[(county_name(county), list(group)) for county, group in groupby(shown, lambda store: store.county)],
        industry_name=industry_name,
        page=page,
        page_count=page_count,
        url_of=lambda number: url_for("shop_pages.shops", code=code, page=number),
    )
