"""What an applicant fills in: the fields of each task, and what the answers say together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from campaigns.catalog import ReleaseFacts
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.issuance.application import Application as Issuance
from campaigns.terms.sale import BUYERS, CAR_CONDITIONS, POWERTRAINS, Car
from foundation.errors import N_

Answers = dict[str, str]

TASKS = {
    "applicant": N_("本人信息"),
    "invoice": N_("购车发票"),
    "licence": N_("行驶证"),
    "certificate": N_("登记证书"),
    "policy": N_("商业险保单"),
    "bank": N_("银行卡"),
    "files": N_("上传材料"),
}
#: Documents without which a task is not asked.
_TASK_OF_DOCUMENT = {"licence": "driving_licence", "certificate": "registration_certificate"}


@dataclass(frozen=True)
class Field:
    """One field of a task. shape: how a browser asks for it (text, digits, money, date, choice, checks). only_for: a
    kind of buyer, or "" for all. is_owner: whether it repeats the applicant's name, as another document has it."""

    key: str
    task: str
    name: str
    shape: str = "text"
    hint: str = ""
    only_for: str = ""
    optional: bool = False
    is_owner: bool = False
    longest: int = 60


FIELDS = (
    Field("name", "applicant", N_("姓名"), hint=N_("与身份证一致")),
    Field("id_number", "applicant", N_("身份证号码"), hint=N_("18 位，最后一位可能是 X")),
    Field("firm_name", "applicant", N_("单位名称"), only_for="firm", hint=N_("与营业执照一致")),
    Field("uscc", "applicant", N_("统一社会信用代码"), only_for="firm", hint=N_("营业执照上的 18 位代码")),
    Field("invoice_code", "invoice", N_("发票代码"), "digits", N_("纸质发票 12 位；数电发票没有，不填"), optional=True),
    Field("invoice_number", "invoice", N_("发票号码"), "digits", N_("纸质发票 8 位，数电发票 20 位")),
    Field("invoice_date", "invoice", N_("开票日期"), "date"),
    Field("seller_name", "invoice", N_("销货单位名称")),
    Field("seller_uscc", "invoice", N_("销货单位纳税人识别号"), hint=N_("18 位统一社会信用代码")),
    Field("invoice_owner", "invoice", N_("发票上的购买方"), is_owner=True),
    Field("vin", "invoice", N_("车架号（VIN）"), hint=N_("17 位，发票和行驶证上都有")),
    Field("price_with_tax", "invoice", N_("价税合计（元）"), "money"),
    Field("price_without_tax", "invoice", N_("不含税价（元）"), "money", N_("不含税价按增值税率 13%% 核对")),
    Field("deal_price", "invoice", N_("合同成交价（元）"), "money", N_("与发票一致时不填"), optional=True),
    Field("powertrain", "invoice", N_("动力类型"), "choice", N_("行驶证副页注明“新能源”的选新能源车")),
    Field("conditions", "invoice", N_("另补条件"), "checks", N_("符合哪一项就勾选哪一项"), optional=True),
    Field("licence_owner", "licence", N_("行驶证所有人"), is_owner=True),
    Field("plate", "licence", N_("号牌号码"), hint=N_("例如 粤Q12345")),
    Field("registered_on", "licence", N_("注册日期"), "date", N_("行驶证主页的“注册日期”")),
    Field("certificate_owner", "certificate", N_("登记证书上的机动车所有人"), is_owner=True),
    Field("certificate_number", "certificate", N_("登记证书编号"), "digits", N_("12 位数字")),
    Field("insurer", "policy", N_("保险公司"), hint=N_("写到分公司，例如 人保财险阳江市分公司")),
    Field("policy_number", "policy", N_("保单号"), hint=N_("商业险保单右上角")),
    Field("policy_owner", "policy", N_("保单上的被保险人"), is_owner=True),
    Field("premium", "policy", N_("商业险保费（元）"), "money", N_("商业险的保险费合计，不含交强险和车船税")),
    Field("policy_from", "policy", N_("保险起期"), "date", N_("保险期间的第一天，补贴标准按这一天")),
    Field("policy_until", "policy", N_("保险止期"), "date", N_("保险期间的最后一天，满一年")),
    Field("card_holder", "bank", N_("户名"), is_owner=True),
    Field("bank_name", "bank", N_("开户银行"), hint=N_("写到支行，例如 农业银行阳江江城支行")),
    Field("bank_card", "bank", N_("银行卡号"), "digits", only_for="person"),
    Field("bank_account", "bank", N_("对公账号"), "digits", only_for="firm"),
)
BY_KEY = {field.key: field for field in FIELDS}


def options(key: str, facts: ReleaseFacts) -> Mapping[str, str]:
    """Return value → word of what may be chosen in a field; empty for a field without choices."""
    if key == "powertrain":
        return POWERTRAINS
    if key == "conditions":
        return {name: CAR_CONDITIONS[name] for name in benefit_of(facts).bonuses}
    return {}


def benefit_of(facts: ReleaseFacts) -> PriceTiers:
    """Return the price table; only what has one is applied for."""
    benefit = facts.offer.terms.benefit
    assert isinstance(benefit, PriceTiers)
    return benefit


def issuance_of(facts: ReleaseFacts) -> Issuance:
    """Return how a release is applied for."""
    assert facts.application is not None
    return facts.application


def tasks_of(facts: ReleaseFacts) -> list[str]:
    """Return the tasks of an application: a document not asked for has none; a bank only where money is paid, a policy
    only where its premium is the price."""
    asked, paid = issuance_of(facts).documents, benefit_of(facts).given_as == "cash"
    return [
        task
        for task in TASKS
        if (task not in _TASK_OF_DOCUMENT or _TASK_OF_DOCUMENT[task] in asked)
        and (task != "bank" or paid)
        and (task != "policy" or by_premium(facts))
    ]


def by_premium(facts: ReleaseFacts) -> bool:
    """Return whether the premium of an insurance is the price that decides."""
    return benefit_of(facts).price == "premium"


def day_of(facts: ReleaseFacts, answers: Mapping[str, str]) -> date | None:
    """Return the day on the papers that says which award table is theirs: on which the policy begins where its premium
    is the price, else that of the invoice; None while it is not known."""
    text = answers.get("policy_from" if by_premium(facts) else "invoice_date")
    return date.fromisoformat(text) if text else None


def fields_of(facts: ReleaseFacts, buyer: str, task: str = "") -> list[Field]:
    """Return the fields that a kind of buyer is asked, of one task or of all."""
    asked, benefit = tasks_of(facts), benefit_of(facts)
    left_out = set() if benefit.bonuses else {"conditions"}
    if benefit.price != "deal_price":
        left_out.add("deal_price")
    return [
        field
        for field in FIELDS
        if field.task in asked and field.only_for in ("", buyer) and field.key not in left_out
        if task in ("", field.task)
    ]


def buyers_of(facts: ReleaseFacts) -> dict[str, str]:
    """Return the kinds of buyer that may apply, with their words."""
    return {kind: BUYERS[kind] for kind in BUYERS if kind in benefit_of(facts).buyers}


# --- what the answers say together ----------------------------------------------------------------------------


def dumps(answers: Mapping[str, str]) -> str:
    """Return answers as they are stored; equal answers are equal texts."""
    return json.dumps(dict(answers), ensure_ascii=False, sort_keys=True)


def loads(stored: str) -> Answers:
    found: Answers = json.loads(stored)
    return found


def owner(answers: Mapping[str, str]) -> str:
    """Return the name that every document must carry; "" while it is not known."""
    return answers.get("firm_name" if answers.get("buyer") == "firm" else "name", "")


def fen_of(answers: Mapping[str, str], key: str) -> int | None:
    """Return a price in fen, None where it is not given."""
    text = answers.get(key)
    return int(text.replace(".", "")) if text else None


def car_of(answers: Mapping[str, str]) -> Car | None:
    """Return the car that terms see, None while price or powertrain are missing."""
    with_tax_fen, powertrain = fen_of(answers, "price_with_tax"), answers.get("powertrain")
    if not with_tax_fen or not powertrain:
        return None
    return Car(
        with_tax_fen,
        powertrain,
        fen_of(answers, "price_without_tax"),
        fen_of(answers, "deal_price"),
        frozenset(filter(None, answers.get("conditions", "").split(","))),
        premium_fen=fen_of(answers, "premium"),
    )


def marks_of(answers: Mapping[str, str]) -> dict[str, str]:
    """Return kind of mark → number, of those that are given and count once over all campaigns."""
    invoice = answers.get("invoice_number", "")
    found = {
        "vin": answers.get("vin", ""),
        "vehicle_invoice": answers.get("invoice_code", "") + invoice if invoice else "",
        "plate": answers.get("plate", ""),
        "policy": answers.get("policy_number", ""),
    }
    return {kind: number for kind, number in found.items() if number}


def numbers_of(answers: Mapping[str, str]) -> dict[str, str]:
    """Return what lists of subsidies paid elsewhere tell this buyer and car apart by: kind → number."""
    firm = answers.get("buyer") == "firm"
    who = {"uscc": answers.get("uscc", "")} if firm else {"id_number": answers.get("id_number", "")}
    return {kind: number for kind, number in {**who, "vin": answers.get("vin", "")}.items() if number}


#: The field that a mark's refusal belongs to.
FIELD_OF_MARK = {"vin": "vin", "vehicle_invoice": "invoice_number", "plate": "plate", "policy": "policy_number"}
