"""A campaign definition: what the bureau writes, reviews and publishes, as values.

``campaign_file.py`` reads it from a document; ``consistency.py`` says whether its parts fit together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.kinds import PRESETS, Preset
from campaigns.terms.discount_limits import DiscountLimit
from campaigns.terms.issuance.application import Application
from campaigns.terms.issuance.assisted import Assisted
from campaigns.terms.issuance.first_come import FirstCome
from campaigns.terms.issuance.lottery import Lottery
from campaigns.terms.issuance.named_list import NamedList
from campaigns.terms.limits.chances import Chances
from campaigns.terms.limits.per_person import PerPerson
from campaigns.terms.portions import Daily
from campaigns.terms.quote import Benefit, OfferTerms
from campaigns.terms.rollover.own import Own
from campaigns.terms.rollover.pool import Pool
from campaigns.terms.settlement import Settlement
from campaigns.terms.sold import Sold
from foundation.clock import local
from foundation.errors import N_
from foundation.words import Words
from identity.persons import DEFAULT_KINDS
from identity.persons import KINDS as KINDS_OF_IDENTIFIER

KINDS = {code: preset.name for code, preset in PRESETS.items()}
LEVELS = {
    "central": N_("中央"),
    "province": N_("省级"),
    "city": N_("市级"),
    "county": N_("县级"),
    "bank": N_("银行"),
    "merchant": N_("商户"),
}


@dataclass(frozen=True)
class OtherCampaign:
    """Another campaign: its code, and what notices call it. listed: it is paid elsewhere, and the bureau has lists of
    who had it, under this code (``voucher/elsewhere.py``)."""

    code: str
    name: str
    listed: bool = False


@dataclass(frozen=True)
class PeopleRules:
    """Who may claim, and who counts as one person.

    same_person: kinds of identifiers of which any one makes two citizens one person; an account and a phone always
    do. min_age: in full years on the day of the claim, 0 for none; needs ``real_name``. apart_from: other campaigns
    of subsidies that are applied for: who had one of them has none of these, nor the other way round; and programmes
    that are paid elsewhere, of which only the lists are known.
    """

    same_person: tuple[str, ...] = DEFAULT_KINDS
    real_name: bool = False
    min_age: int = 0
    apart_from: tuple[OtherCampaign, ...] = ()

    @property
    def elsewhere(self) -> tuple[OtherCampaign, ...]:
        """What is paid elsewhere: whoever stands on its lists has nothing here."""
        return tuple(other for other in self.apart_from if other.listed)

    def describe(self) -> list[Words]:
        """Return the conditions in words."""
        told = []
        if self.real_name:
            of_age = Words(N_("须实名，年满 %(years)s 周岁"), years=self.min_age)
            told.append(of_age if self.min_age else Words(N_("须实名")))
        keys = Words(N_("账号、手机号"))
        for kind in self.same_person:
            keys = Words(N_("%(keys)s、%(key)s"), keys=keys, key=Words(KINDS_OF_IDENTIFIER[kind]))
        apart = (Words(N_("已享受“%(campaign)s”的不再享受"), campaign=other.name) for other in self.apart_from)
        return [*told, *apart, Words(N_("%(keys)s任一相同视为同一人"), keys=keys)]


@dataclass(frozen=True)
class Source:
    """Who funds, and how much. ``note`` says where a figure comes from when it is an assumption."""

    code: str
    name: str
    level: str
    budget_fen: int
    county: str = ""
    note: str = ""


@dataclass(frozen=True)
class OfferDefinition:
    """sold: how it is sold, None where it is free."""

    code: str
    name: str
    terms: OfferTerms
    sold: Sold | None = None


@dataclass(frozen=True)
class PackContent:
    """How many vouchers of an offer are in a pack."""

    offer: str
    count: int


@dataclass(frozen=True)
class PackDefinition:
    """Vouchers that are claimed together or not at all."""

    code: str
    name: str
    contents: Sequence[PackContent]


@dataclass(frozen=True)
class ReleaseDefinition:
    """One offer or one pack of a round. ``stock`` (of vouchers or of packs) is a ceiling: a round releases fewer
    when the pool holds less money. Of the releases that share a ``group`` a person takes one per round.

    Of subsidies that are priced when they are applied for, ``budget_fen`` of money may be put on release, and stock is
    0 where their number is not limited."""

    stock: int = 0
    offer: str = ""
    pack: str = ""
    group: str = ""
    budget_fen: int | None = None

    def asked_fen(self, benefit: Benefit) -> int:
        """Return how much money of a benefit that is priced when claimed is to be put on release."""
        most_fen = self.stock * benefit.committed_fen
        return most_fen if self.budget_fen is None else min(self.budget_fen, most_fen or self.budget_fen)


@dataclass(frozen=True)
class RoundDefinition:
    """Claims are taken in [opens_at, closes_at)."""

    code: str
    name: str
    opens_at: datetime
    closes_at: datetime
    issuance: FirstCome | Lottery | NamedList | Assisted | Application
    limits: Sequence[PerPerson | Chances]
    releases: Sequence[ReleaseDefinition]
    rollover: Pool | Own = field(default_factory=Pool)
    daily: Daily | None = None

    @property
    def lottery(self) -> Lottery | None:
        """How it is drawn, if it is."""
        return self.issuance if isinstance(self.issuance, Lottery) else None

    @property
    def application(self) -> Application | None:
        """How it is applied for and reviewed, if it is."""
        return self.issuance if isinstance(self.issuance, Application) else None

    @property
    def by_list(self) -> bool:
        """Whether only people on an imported list may claim."""
        return isinstance(self.issuance, NamedList)

    @property
    def assisted(self) -> Assisted | None:
        """How staff claim it for people, if they do."""
        return self.issuance if isinstance(self.issuance, Assisted) else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The choice groups of the round, in the order of the file."""
        return tuple(dict.fromkeys(release.group for release in self.releases if release.group))


@dataclass(frozen=True)
class Amendment:
    """Why a published campaign is amended, for citizens to read, and from when; None for at once. applies_from: the
    first day of papers for which raised awards are; None for the day of its effect."""

    reason: str
    effective_at: datetime | None = None
    applies_from: datetime | None = None

    def told(self, dated_by: str) -> tuple[str, ...]:
        """Return what its notice says, a sentence each. dated_by: which date on the papers decides."""
        kept = "已领取的券和已发放的补贴不变，仍按领取、发放时的规则。"
        if self.applies_from is None:
            return (f"{self.reason}。".replace("。。", "。"), kept)
        since = local(self.applies_from)
        raised = (
            f"新的补贴标准适用于{dated_by}在{since.year}年{since.month}月{since.day}日（含）以后的申请："
            "已提交的按新标准重新核定，不需要重新提交；已批准的补发差额；原来没有合适档次的可以申请。"
        )
        return (f"{self.reason}。".replace("。。", "。"), raised, kept)


@dataclass(frozen=True)
class Definition:
    """A whole campaign; ``consistency.py`` has made sure that its parts fit together. ``contact``: whom to ask."""

    code: str
    name: str
    kind: str
    city: str
    starts_at: datetime
    ends_at: datetime
    notice: str
    sources: Sequence[Source]
    offers: Sequence[OfferDefinition]
    rounds: Sequence[RoundDefinition]
    contact: str = ""
    packs: Sequence[PackDefinition] = ()
    people: PeopleRules = PeopleRules()
    amendment: Amendment | None = None
    discount_limits: Sequence[DiscountLimit] = ()
    settlement: Settlement = field(default_factory=Settlement)

    @property
    def preset(self) -> Preset:
        """What campaigns of this kind have in common."""
        return PRESETS[self.kind]

    def contents(self, release: ReleaseDefinition) -> Sequence[PackContent]:
        """Return what one unit of a release gives; nothing for a pack that is not defined."""
        if not release.pack:
            return (PackContent(release.offer, 1),)
        return next((pack.contents for pack in self.packs if pack.code == release.pack), ())

    def release_name(self, release: ReleaseDefinition) -> str:
        """Return the name of the offer or pack that is released."""
        if release.pack:
            return next(pack.name for pack in self.packs if pack.code == release.pack)
        return self.offer(release.offer).name

    def amendment_told(self) -> tuple[str, ...]:
        """Return what the notice of an amendment says of it, nothing of a first version."""
        if self.amendment is None:
            return ()
        by_premium = any(getattr(offer.terms.benefit, "price", "") == "premium" for offer in self.offers)
        return self.amendment.told("保险起期" if by_premium else "开票日期")

    def offer(self, code: str) -> OfferDefinition:
        return next(offer for offer in self.offers if offer.code == code)
