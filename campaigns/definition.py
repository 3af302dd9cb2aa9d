"""A campaign definition: what the bureau writes, reviews and publishes, as values.

``campaign_file.py`` reads it from a document; ``consistency.py`` says whether its parts fit together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.kinds import PRESETS, Preset
from campaigns.terms.issuance.first_come import FirstCome
from campaigns.terms.limits.per_person import PerPerson
from campaigns.terms.quote import OfferTerms
from foundation.errors import N_

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
    code: str
    name: str
    terms: OfferTerms


@dataclass(frozen=True)
class ReleaseDefinition:
    """``stock`` is a ceiling: a round releases fewer when the pool holds less money."""

    offer: str
    stock: int


@dataclass(frozen=True)
class RoundDefinition:
    """Claims are taken in [opens_at, closes_at)."""

    code: str
    name: str
    opens_at: datetime
    closes_at: datetime
    issuance: FirstCome
    limits: Sequence[PerPerson]
    releases: Sequence[ReleaseDefinition]


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

    @property
    def preset(self) -> Preset:
        """What campaigns of this kind have in common."""
        return PRESETS[self.kind]

    def offer(self, code: str) -> OfferDefinition:
        return next(offer for offer in self.offers if offer.code == code)
