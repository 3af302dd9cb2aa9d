"""Citizens' page of the merchants room: the shops that take a campaign's vouchers."""

from itertools import groupby

from flask import Blueprint, render_template, request, url_for

from campaigns.offers import campaign_view
from campaigns.places import county_name, industry_name
from merchants.register import stores_of_campaign

blueprint = Blueprint("shop_pages", __name__, template_folder="templates")


@blueprint.get("/campaigns/<code>/shops")
def shops(code: str) -> str:
    """List the stores of a campaign, by county."""
    campaign = campaign_view(code)
    page = stores_of_campaign(campaign.campaign_id, request.args.get("page", 1, type=int))
    return render_template(
        "merchants/shops.html",
        campaign=campaign,
        page=page,
        by_county=[
            (county_name(county), list(group)) for county, group in groupby(page.rows, lambda store: store.county)
        ],
        industry_name=industry_name,
        url_of=lambda number: url_for("shop_pages.shops", code=code, page=number),
    )
