"""A campaign that can be tried today, beside the year that is over."""

from datetime import datetime, timedelta

import click
from sqlalchemy import select

from campaigns import drafting
from campaigns.jobs import release_rounds
from campaigns.models import Campaign
from demo.sign_ins import SignIns
from foundation import clock
from foundation.clock import local
from foundation.db import db, transaction
from identity.models import Account
from merchants import register
from merchants.models import Merchant

#: A running campaign with less than this left is succeeded by a fresh one.
WORTH_TRYING = timedelta(days=2)
LASTS = timedelta(days=30)

_DOCUMENT = """\
# 演示用：随时可以试领、试用的活动，与 2023 年的账目互不相干。

[campaign]
code = "{code}"
name = "漠阳品•幸福购 体验活动"
kind = "consumer_voucher"
city = "4417"
starts_at = {now}
ends_at = {ends_at}
notice = "演示活动：用任意手机号登录即可领取，验证码在登录页下方的链接里查看。"

[[sources]]
code = "demo-fund"
name = "演示资金"
level = "city"
budget_yuan = 1000000

[[offers]]
code = "catering"
name = "餐饮体验券"
benefit = {{ kind = "spend_discount", face_value_yuan = 20, threshold_yuan = 100 }}
funding = {{ kind = "shares", shares = {{ demo-fund = "100%" }} }}
scope = {{ kind = "places", industries = ["catering"] }}
validity = {{ kind = "natural_days", days = 7, counted_from = "claim_day" }}

[[offers]]
code = "retail"
name = "零售体验券"
benefit = {{ kind = "spend_discount", face_value_yuan = 50, threshold_yuan = 200 }}
funding = {{ kind = "shares", shares = {{ demo-fund = "100%" }} }}
scope = {{ kind = "places", industries = ["retail"] }}
validity = {{ kind = "hours", hours = 72 }}
use = {{ kind = "counted", scan_mode = "either" }}

[[offers]]
code = "bought"
name = "60元通用券（购买）"
benefit = {{ kind = "spend_discount", face_value_yuan = 60, threshold_yuan = 300 }}
funding = {{ kind = "shares", shares = {{ demo-fund = "100%" }} }}
validity = {{ kind = "natural_days", days = 15, counted_from = "claim_day" }}
sold = {{ price_yuan = 9.90, proceeds = "demo-fund", if_expired = "returned", if_withdrawn = "returned" }}

[[rounds]]
code = "now"
name = "正在领取"
opens_at = {now}
closes_at = {claims_end_at}
limits = [{{ kind = "per_person", count = 1, within = "offer" }}]
releases = [
    {{ offer = "catering", stock = 5000 }},
    {{ offer = "retail", stock = 2000 }},
    {{ offer = "bought", stock = 1000 }},
]

[[rounds]]
code = "soon"
name = "即将开抢"
opens_at = {soon}
closes_at = {ends_at}
limits = [{{ kind = "per_person", count = 1, within = "round" }}]
releases = [{{ offer = "catering", stock = 3000 }}, {{ offer = "retail", stock = 1000 }}]
"""


def open_campaign() -> None:
    """Publish a campaign of thirty days, with one round open now and one that opens in ten minutes, unless one runs."""
    now = clock.now().replace(microsecond=0)
    running = db.session.scalar(
        select(Campaign.id).where(Campaign.version_id.is_not(None), Campaign.ends_at > now + WORTH_TRYING)
    )
    if running is not None:
        return
    text = _DOCUMENT.format(
        code=f"demo-{local(now):%Y%m%d-%H%M%S}",
        now=_toml(now),
        soon=_toml(now + timedelta(minutes=10)),
        # What is bought must still be of use once it is paid.
        claims_end_at=_toml(now + LASTS - timedelta(days=1)),
        ends_at=_toml(now + LASTS),
    )
    with transaction():
        version_id = drafting.import_draft(text, by=_officer("weimin")).id
    with transaction():
        campaign_id = drafting.publish(version_id, by=_officer("lujianguo")).id
        register.enroll(campaign_id, list(db.session.scalars(select(Merchant.id))), by=_officer("weimin"))
    release_rounds()


def _toml(moment: datetime) -> str:
    return local(moment).isoformat()


def _officer(login: str) -> str:
    return f"officer:{db.session.scalar(select(Account.id).where(Account.login == login))}"


def show_sign_ins(base_url: str, sign_ins: SignIns) -> None:
    """Print where to go and who to be."""
    lines = (
        ("市民 citizen", f"{base_url}/", "any mobile number, e.g. 13800138000; the code is on the sign-in page"),
        ("商户 merchant", f"{base_url}/till", f"zhou / {sign_ins.password('zhou')}"),
        ("商务局 bureau", f"{base_url}/bureau/", f"lujianguo / {sign_ins.password('lujianguo')} (may do everything)"),
        ("", "", f"hejing, guoting (finance) / {sign_ins.password('hejing')}, {sign_ins.password('guoting')}"),
        ("", "", f"weimin (campaigns) / {sign_ins.password('weimin')}"),
        ("", "", f"songli (auditor) / {sign_ins.password('songli')}"),
        ("收银接口 POS API", f"{base_url}/api/docs", "a till's key is made on the merchant's page"),
    )
    click.echo("")
    for who, where, how in lines:
        click.echo(f"  {who:<12} {where:<32} {how}")
    click.echo("")
