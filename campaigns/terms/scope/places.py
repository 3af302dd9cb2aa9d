"""Places: the counties and industries in which an entitlement may be used."""

from collections.abc import Sequence
from dataclasses import dataclass

from marshmallow import fields

from campaigns.places import where
from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import County, industry
from campaigns.terms.sale import OutsideCounty, OutsideIndustry, Sale
from foundation.words import Words

KIND = "places"


@dataclass(frozen=True)
class Places:
    """Empty ``counties`` means the whole city, empty ``industries`` every industry."""

    counties: Sequence[str] = ()
    industries: Sequence[str] = ()

    def check(self, sale: Sale) -> None:
        """Refuse OutsideCounty or OutsideIndustry where the sale's store does not count."""
        if self.counties and sale.county not in self.counties:
            raise OutsideCounty(counties=tuple(self.counties))
        if self.industries and sale.industry not in self.industries:
            raise OutsideIndustry(industries=tuple(self.industries))

    def describe(self) -> Words:
        return where(self.counties, self.industries)


class FileSchema(StrategySchema):
    make = Places

    counties = fields.List(County(), load_default=list)
    industries = fields.List(industry(), load_default=list)
