"""The noes of evidence after a sale."""

from collections.abc import Sequence
from typing import Any

from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound, Refusal


class HandInUnknown(NotFound):
    code = "hand_in_unknown"
    message = N_("找不到这笔销售的售后材料")
    way_out = N_("请从售后材料列表里打开")


class HandInClosed(Conflict):
    code = "hand_in_closed"
    message = N_("这笔销售的材料现在不能修改")
    way_out = N_("已提交的要等审核结果；已有结果的不再修改。请刷新页面查看")


class HandInTooLate(Conflict):
    code = "hand_in_too_late"
    message = N_("已过最后期限 %(day)s，不能再提交")
    way_out = N_("这笔补贴不予拨付，由商户承担")


class FieldMissing(Malformed):
    code = "hand_in_field_missing"
    message = N_("没有填写")


class FileMissing(Malformed):
    code = "hand_in_file_missing"
    message = N_("没有上传文件")


class DayMalformed(Malformed):
    code = "hand_in_day_malformed"
    message = N_("日期应写成 2025-03-01 的样子")


class DayBeforeSale(Malformed):
    code = "hand_in_day_before_sale"
    message = N_("早于销售日期 %(day)s")


class DayInFuture(Malformed):
    code = "hand_in_day_in_future"
    message = N_("日期还没有到")


class InvoiceAmountDiffers(Malformed):
    code = "invoice_amount_differs"
    message = N_("应为 %(expected)s 元（%(basis)s），现在是 %(given)s 元")
    way_out = N_("请核对发票的价税合计；开错的请红冲后重开")
    field = "invoice_fen"


class DeliveredElsewhere(Malformed):
    code = "delivered_elsewhere"
    message = N_("收货地址的县区不属于本市")
    way_out = N_("请选择实际送达的县区")
    field = "delivery_county"


class TextTooLong(Malformed):
    code = "hand_in_text_too_long"
    message = N_("最多 %(most)s 个字")


class CategoryOfOldUnknown(Malformed):
    code = "old_category_unknown"
    message = N_("没有这个品类")
    field = "old_category"


class WeightMalformed(Malformed):
    code = "old_weight_malformed"
    message = N_("重量应为 0.1 至 1000 千克的数字")
    field = "old_weight"


class TooManyFiles(Conflict):
    code = "hand_in_too_many_files"
    message = N_("每项最多 %(most)s 个文件")
    way_out = N_("请先删除不需要的文件")


class HandInIncomplete(Malformed):
    """faults: what is wrong, each a refusal that names its field."""

    code = "hand_in_incomplete"
    message = N_("还有 %(count)s 处需要补充或修改")
    way_out = N_("请按每一项下面的提示修改后再提交，已填的内容都在")

    def __init__(self, faults: Sequence[Refusal]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(self.faults))


class HandInsHaveFaults(Malformed):
    """faults: what is wrong in which row of a file."""

    code = "hand_ins_have_faults"
    message = N_("有 %(count)s 处需要修改，一笔也没有提交")
    way_out = N_("请按下面的提示改好后重新导入；同一份表重复导入不会重复提交")
    field = "file"

    def __init__(self, faults: Sequence[Any]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(self.faults))


class NotHandedIn(Conflict):
    code = "hand_in_not_waiting"
    message = N_("这份材料现在不在待审核状态，或在您打开之后又改过")
    way_out = N_("请刷新页面，按现在的材料决定")


class ChiefNeeded(Forbidden):
    code = "hand_in_chief_needed"
    message = N_("有疑点的通过和不通过要由局领导决定")
    way_out = N_("业务人员可以通过没有疑点的，或者要求补正")


class DecisionReasonMissing(Malformed):
    code = "hand_in_reason_missing"
    message = N_("请至少选一个原因，其他原因要写明")
    way_out = N_("商户会看到这些原因")
    field = "reasons"
