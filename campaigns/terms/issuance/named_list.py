"""Named list (定向发放): only people on a list that the bureau imports, each once for every line they stand on."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from foundation.errors import N_
from foundation.words import Words

KIND = "named_list"


@dataclass(frozen=True)
class NamedList:
    def describe(self) -> Words:
        return Words(N_("定向发放：名单上的人凭手机号或身份证号领取"))


class FileSchema(StrategySchema):
    make = NamedList
    label = "定向发放"
    hint = "只有导入名单上的人能领"
