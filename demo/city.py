"""The people and shops of the demo: invented, and made through the same operations as real ones."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from stdnum.cn import uscc

from demo.definition import AREAS, KINDS
from demo.sign_ins import SignIns
from foundation import clock
from foundation.db import db, transaction
from foundation.states import Step
from identity.accounts import create_account
from identity.citizens import register_citizens
from identity.models import Account
from merchants import register
from merchants.models import Store
from merchants.register import Counter

_SURNAMES = "林陈黄李梁关冯谭莫敖许曾郑罗何蔡苏叶钟卢"
_GIVEN = "海江春阳华丽明秀文强志芳玉珍伟平东西南北月琴兰梅"
_SHOPS = {
    "catering": ("渔家海鲜酒家", "漠阳味道餐厅", "春砂仁土菜馆", "舌尖小馆"),
    "retail": ("百汇超市", "十八子刀具商店", "惠万家生活馆", "老字号豆豉行"),
    "appliance": ("鹏程电器", "万家乐家电城", "阳光数码电器", "新时代家电"),
}
_COUNTY_NAMES = {area.county: area.name for area in AREAS if area.county}


@dataclass(frozen=True)
class Shop:
    """A store with one till, where vouchers of its county and industry are redeemed."""

    counter: Counter
    county: str
    industry: str


class City:
    """county → citizens who live there, and where each kind of voucher is good."""

    def __init__(self, citizens: dict[str, Sequence[UUID]], shops: Sequence[Shop]) -> None:
        self.citizens = citizens
        self.shops = shops
        self._good_at: dict[tuple[str, str], list[Shop]] = defaultdict(list)
        for shop in shops:
            self._good_at[shop.county, shop.industry].append(shop)
            self._good_at["", shop.industry].append(shop)

    def shops_for(self, county: str, industry: str) -> list[Shop]:
        """Return the shops where a voucher of this county ('' for the whole city) and industry is good."""
        return self._good_at[county, industry]


def officers(sign_ins: SignIns) -> dict[str, str]:
    """Make the bureau's officers and return login → actor."""
    people = (
        ("weimin", "韦敏（业务科）", "editor"),
        ("lujianguo", "卢建国（局领导）", "chief"),
        ("hejing", "何静（财务科）", "finance"),
        ("guoting", "郭婷（财务科）", "finance"),
        ("songli", "宋立（审计）", "auditor"),
    )
    actors = {}
    with transaction():
        for login, name, role in people:
            made = account(kind="officer", login=login, name=name, role=role, password=sign_ins.password(login))
            actors[login] = f"officer:{made.id}"
    return actors


def account(*, kind: str, login: str, name: str, role: str, password: str) -> Account:
    """Return the account of this login, made the first time."""
    known = db.session.scalar(select(Account).where(Account.login == login))
    if known is not None:
        return known
    step = Step("job:demo", clock.now())
    return create_account(kind=kind, login=login, password=password, name=name, role=role, step=step)


def settle_city(rng: random.Random, *, citizens_per_county: int, by: str, sign_ins: SignIns) -> City:
    """Register citizens and shops; the first shop of Jiangcheng's catering has the cashier Zhou."""
    citizens: dict[str, Sequence[UUID]] = {}
    number = 0
    for county in _COUNTY_NAMES:
        phones = [f"199{number + i:08d}" for i in range(citizens_per_county)]
        names = [rng.choice(_SURNAMES) + rng.choice(_GIVEN) + rng.choice(_GIVEN) for _ in phones]
        with transaction():
            citizens[county] = register_citizens(phones, names)
        number += citizens_per_county
    shops = []
    with transaction():
        for county, county_name in _COUNTY_NAMES.items():
            for kind in KINDS:
                for place, shop_name in enumerate(_SHOPS[kind.industry]):
                    shops.append(_shop(rng, county, county_name, kind.industry, shop_name, place, by=by))
        zhou = shops[0]
        register.add_cashier(
            zhou.counter.store_id, login="zhou", password=sign_ins.password("zhou"), name="周晓燕", by=by
        )
    return City(citizens, shops)


def _shop(rng: random.Random, county: str, county_name: str, industry: str, name: str, place: int, *, by: str) -> Shop:
    merchant = register.register_merchant(
        name=f"{county_name}{name}",
        uscc=_uscc(rng, county),
        county=county,
        industry=industry,
        is_above_quota=place < 2,
        bank_name=f"{county_name}农商银行",
        bank_account="".join(str(rng.randrange(10)) for _ in range(19)),
        by=by,
    )
    store = register.add_store(
        merchant.id, name=f"{county_name}{name}总店", county=county, address=f"{county_name}城区"
    )
    till, _ = register.add_till(store.id, name="1号收银台", by=by)
    return Shop(Counter(store.id, till_id=till.id), county, industry)


def _uscc(rng: random.Random, county: str) -> str:
    """Return a well-formed code of an organisation that does not exist."""
    body = "92" + county + "".join(rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(9))
    return body + uscc.calc_check_digit(body)


def merchant_ids_of(city: City) -> list[int]:
    """Return the merchants of the shops, for enrolment."""
    stores = [shop.counter.store_id for shop in city.shops]
    return list(db.session.scalars(select(Store.merchant_id).where(Store.id.in_(stores)).distinct()))
