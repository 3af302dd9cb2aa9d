"""Places: the counties and industries in which an entitlement may be used, and whether only above-quota merchants count
(限上, whose sales are in the statistics)."""

from collections.abc import Sequence
from dataclasses import dataclass

from marshmallow import fields

from campaigns.places import where
from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import County, Flag, Text, industry, said
from campaigns.terms.geofence import Geofence, GeofenceSchema
from campaigns.terms.sale import OnlyAboveQuota, OutsideCounty, OutsideIndustry, Sale
from foundation.words import Words

KIND = "places"


@dataclass(frozen=True)
class Places:
    """Empty ``counties`` means the whole city, empty ``industries`` every industry."""

    counties: Sequence[str] = ()
    industries: Sequence[str] = ()
    above_quota: bool = False
    #: what it may not buy, in words that the cashier reads out
    goods_excluded: Sequence[str] = ()
    geofence: Geofence | None = None

    def check(self, sale: Sale) -> None:
        """Refuse OutsideCounty, OutsideIndustry or OnlyAboveQuota where the sale's store does not count."""
        if self.counties and sale.county not in self.counties:
            raise OutsideCounty(counties=tuple(self.counties))
        if self.industries and sale.industry not in self.industries:
            raise OutsideIndustry(industries=tuple(self.industries))
        if self.above_quota and not sale.is_above_quota:
            raise OnlyAboveQuota

    def describe(self) -> Words:
        return where(self.counties, self.industries, above_quota=self.above_quota)


class FileSchema(StrategySchema):
    make = Places
    label = "县区和行业"

    counties = fields.List(County(), load_default=list, metadata=said("县区", "都不选为全市"))
    industries = fields.List(industry(), load_default=list, metadata=said("行业", "都不选为各行业"))
    above_quota = Flag(load_default=False, metadata=said("限上企业", "只在限额以上企业使用"))
    goods_excluded = fields.List(
        Text(longest=20), load_default=tuple, metadata=said("不能买的商品", "每行一种，例如：烟、酒、黄金珠宝")
    )
    geofence = fields.Nested(GeofenceSchema, load_default=None, metadata=said("活动区域", "不填为不看定位"))
