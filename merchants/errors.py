"""Refusals of the merchants room."""

from collections.abc import Sequence
from typing import Any

from campaigns.goods import GRADES, category_name
from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound


class MerchantUnknown(NotFound):
    code = "merchant_unknown"
    message = N_("没有这个商户")
    way_out = N_("请回到商户列表重新选择")


class StoreUnknown(NotFound):
    code = "store_unknown"
    message = N_("没有这个门店")
    way_out = N_("请联系商务局核对门店登记")


class ShopUnknown(NotFound):
    code = "shop_unknown"
    message = N_("没有叫“%(given)s”的门店")
    way_out = N_("请从列出的店名里选，或改选县区和行业")
    field = "shop"


class TillUnknown(NotFound):
    code = "till_unknown"
    message = N_("没有这个收银台")
    way_out = N_("请联系商务局核对收银台登记")


class MerchantAlreadyRegistered(Conflict):
    code = "merchant_already_registered"
    message = N_("统一社会信用代码 %(uscc)s 已经登记")
    way_out = N_("请在商户列表中查找")
    field = "uscc"


class CountyUnknown(Malformed):
    code = "county_unknown"
    message = N_("没有县区代码“%(given)s”")
    way_out = N_("请从列表中选择县区")
    field = "county"


class IndustryUnknown(Malformed):
    code = "industry_unknown"
    message = N_("没有行业代码“%(given)s”")
    way_out = N_("请从列表中选择行业")
    field = "industry"


class NameMissing(Malformed):
    code = "name_missing"
    message = N_("名称应当是 1 至 80 个字")
    way_out = N_("请填写名称")
    field = "name"


class BankAccountMalformed(Malformed):
    code = "bank_account_malformed"
    message = N_("银行账号应当是 8 至 30 位数字")
    way_out = N_("请核对开户许可证上的账号")
    field = "bank_account"


class MerchantSuspended(Forbidden):
    code = "merchant_suspended"
    message = N_("本商户已暂停参加活动")
    way_out = N_("请告诉顾客：本店暂时不能使用消费券，可到其他参与门店使用")


class TillSuspended(Forbidden):
    code = "till_suspended"
    message = N_("本收银台已停用")
    way_out = N_("请换一个收银台，或联系商务局")


class OtherCity(Forbidden):
    code = "other_city"
    message = N_("这张券只能在%(city)s使用，本店不在该市")
    way_out = N_("请告诉顾客：请到%(city)s的参与门店使用")


class NotEnrolled(Forbidden):
    code = "merchant_not_enrolled"
    message = N_("本商户没有参加“%(campaign)s”")
    way_out = N_("请告诉顾客：可在“我的消费券”里查看参与门店")


class GoodsToConfirm(Conflict):
    code = "goods_to_confirm"
    message = N_("这张券不能买%(goods)s")
    way_out = N_("请确认这一单里有没有这些商品，再扫一次")
    field = "excluded_fen"


class ExcludedOutOfBill(Malformed):
    code = "excluded_out_of_bill"
    message = N_("不能用券的商品金额应当不小于 0、小于消费金额 %(bill)s 元")
    way_out = N_("整单都是不能用券的商品时，不用扫券")
    field = "excluded_fen"


class TooManyCodes(Malformed):
    code = "too_many_codes"
    message = N_("一单同用的券码应当是 2 至 %(most)s 个")
    way_out = N_("只有一个券码时请直接核销")
    field = "codes"


class CodeRepeated(Conflict):
    code = "code_repeated"
    message = N_("这张券已经扫过了")
    way_out = N_("请顾客翻到下一张券再扫")


class OffersDoNotStack(Conflict):
    code = "offers_do_not_stack"
    message = N_("不同的券不能在一单里同用")
    way_out = N_("请告诉顾客：一单只用同一种券，其他的下次再用")


class OtherHolder(Conflict):
    code = "other_holder"
    message = N_("一单里的券要是同一个人的")
    way_out = N_("请告诉顾客：各人的消费各自结账")


class RedemptionUnknown(NotFound):
    code = "redemption_unknown"
    message = N_("没有找到这笔核销")
    way_out = N_("请在今日核销列表里重新选择")


class PayeeIncomplete(Malformed):
    code = "payee_incomplete"
    message = N_("收款人、开户行或银行账号不完整")
    way_out = N_("请核对：开户行写到支行，账号为 8 至 30 位数字")
    field = "bank_account"


class VoidTooLate(Conflict):
    code = "void_too_late"
    message = N_("只能撤销当天的核销，这笔是 %(day)s 的")
    way_out = N_("隔日请在凭条上办理退货")


class AlreadyVoided(Conflict):
    code = "already_voided"
    message = N_("这笔核销已经撤销过了")
    way_out = N_("不需要再次撤销")


class AlreadySettled(Conflict):
    code = "already_settled"
    message = N_("这笔核销已经进入对账单，不能撤销")
    way_out = N_("请在凭条上办理退货")


class AlreadyRefunded(Conflict):
    code = "already_refunded"
    message = N_("这笔核销已经退过货了")
    way_out = N_("请打开这张凭条，查看已退的金额")


class ListPriceBelowBill(Malformed):
    code = "list_price_below_bill"
    message = N_("优惠前 %(listed)s 元低于优惠后 %(bill)s 元")
    way_out = N_("请核对：先填店内优惠前的价格，消费金额是优惠后的")
    field = "list_fen"


class CategoryUnknown(Malformed):
    code = "category_unknown"
    message = N_("没有品类“%(given)s”")
    way_out = N_("请从列表中选择品类")
    field = "category"


class GradeUnknown(Malformed):
    code = "grade_unknown"
    message = N_("没有能效等级“%(given)s”")
    way_out = N_("请按能效标识选择 1 至 5 级；没有标识的选“无能效标识”")
    field = "grade"


class OtherCategory(Conflict):
    code = "other_category"
    message = N_("这份资格限买%(wanted)s，所录商品是%(given)s")
    way_out = N_("请告诉顾客：在活动页面另领一份%(given)s的资格")
    field = "category"

    def __init__(self, *, given: str, wanted: str, **params: Any) -> None:
        super().__init__(given=category_name(given), wanted=category_name(wanted), **params)


class SerialMissing(Malformed):
    code = "serial_missing"
    message = N_("还没有录入商品的序列号（手机可录 IMEI）")
    way_out = N_("请扫描机身或包装上的序列号条码")
    field = "serial"


class ImeiMissing(Malformed):
    code = "imei_missing"
    message = N_("还没有录入 IMEI")
    way_out = N_("请扫描包装盒上的 IMEI 条码，或在手机上输入 *#06# 查看")
    field = "imei"


class BarcodeMissing(Malformed):
    code = "barcode_missing"
    message = N_("还没有录入商品条码")
    way_out = N_("请扫描包装上的 69 码")
    field = "barcode"


class GradeMissing(Malformed):
    code = "grade_missing"
    message = N_("还没有选择能效等级")
    way_out = N_("请按机身的能效标识选择")
    field = "grade"


class ProductUnknown(NotFound):
    code = "product_unknown"
    message = N_("商品目录里没有条码 %(barcode)s")
    way_out = N_("请核对条码；确属补贴商品的，请联系商务局补入目录")
    field = "barcode"


class ProductsHaveFaults(Malformed):
    code = "products_have_faults"
    message = N_("有 %(count)s 处需要修改，一条也没有导入")
    way_out = N_("请按下面的提示改好后重新导入")
    field = "file"


class SalesHaveFaults(Malformed):
    """faults: what is wrong in which row."""

    code = "sales_have_faults"
    message = N_("有 %(count)s 处需要修改，一笔也没有登记")
    way_out = N_("请按下面的提示改好后重新导入")
    field = "file"

    def __init__(self, faults: Sequence[Any], **params: Any) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(self.faults), **params)


class NotInCatalogue(Conflict):
    code = "not_in_catalogue"
    message = N_("条码 %(barcode)s 不在补贴商品目录内")
    way_out = N_("请核对条码；确属补贴商品的，请联系商务局补入目录")
    field = "barcode"


class OtherGrade(Conflict):
    code = "other_grade"
    message = N_("商品目录登记的能效是%(filed)s，所选的是%(given)s")
    way_out = N_("请对照机身的能效标识；目录有误的，请联系商务局更正")
    field = "grade"

    def __init__(self, *, given: str, filed: str, **params: Any) -> None:
        super().__init__(given=GRADES.get(given, given), filed=GRADES.get(filed, filed), **params)


class NotAQualification(Conflict):
    code = "not_a_qualification"
    message = N_("这是消费券，不需要先核验")
    way_out = N_("请输入消费金额后直接核销")
    field = "code"


class RefundReasonMissing(Malformed):
    code = "refund_reason_missing"
    message = N_("请写明退货原因（2 至 100 个字）")
    way_out = N_("例如：质量问题、买错型号")
    field = "reason"


class VoidReasonMissing(Malformed):
    code = "void_reason_missing"
    message = N_("请写明撤销原因（2 至 100 个字）")
    way_out = N_("例如：顾客退货、金额输错")
    field = "reason"


class NotAtEvent(Forbidden):
    code = "not_at_event"
    message = N_("商户没有参加这个促消费活动")
    way_out = N_("请联系商务局把商户加入活动")


class SalesDayOutside(Malformed):
    code = "sales_day_outside"
    message = N_("“%(event)s”在 %(first)s 至 %(last)s 举行，不能上报别的日子")
    way_out = N_("请选择活动期间的日子")
    field = "day"


class SalesDayNotBegun(Conflict):
    code = "sales_day_not_begun"
    message = N_("%(day)s 还没有到，不能上报")
    way_out = N_("请在当天或以后上报")
    field = "day"


class DealsMalformed(Malformed):
    code = "deals_malformed"
    message = N_("成交数应当是 0 至 %(most)s 之间的整数")
    way_out = N_("没有成交就填 0")
    field = "deals"


class SalesDisagree(Malformed):
    code = "sales_disagree"
    message = N_("成交数和金额要么都大于 0，要么都是 0")
    way_out = N_("请核对成交数和金额")
    field = "amount"


class ReportedMeanwhile(Conflict):
    code = "reported_meanwhile"
    message = N_("这一天已经有了新的上报，您的没有保存")
    way_out = N_("请核对现在的数字，需要时再更正")
