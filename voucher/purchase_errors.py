"""Refusals around vouchers that are sold: to citizens, and to the payment service."""

from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound


class PaymentNotSetUp(Conflict):
    code = "payment_not_set_up"
    message = N_("本平台还没有开通收款，暂时不能购买")
    way_out = N_("免费的券可以照常领取；请留意活动页面的通知")


class MustBePaidFor(Conflict):
    code = "must_be_paid_for"
    message = N_("这种券要付款购买")
    way_out = N_("请回到活动页面购买")


class PurchaseUnknown(NotFound):
    code = "purchase_unknown"
    message = N_("没有这个订单")
    way_out = N_("请在“我的券”里查看")


class PurchaseOver(Conflict):
    code = "purchase_over"
    message = N_("这个订单已经付款、取消或超时")
    way_out = N_("请刷新页面查看最新状态")


class NotReturnable(Conflict):
    code = "voucher_not_returnable"
    message = N_("这张券不能退")
    way_out = N_("只有购买时写明可退、还没有使用、也没有过期的券可以退")


class SignatureWrong(Forbidden):
    code = "payment_signature_wrong"
    message = N_("付款通知的签名不对")
    way_out = N_("请核对双方的签名密钥后重新发送")


class NotificationMalformed(Malformed):
    code = "payment_notification_malformed"
    message = N_("付款通知读不懂：%(why)s")
    way_out = N_("请按接口说明发送")


class AmountWrong(Malformed):
    code = "payment_amount_wrong"
    message = N_("付款金额 %(paid)s 元，与订单的 %(price)s 元不符")
    way_out = N_("这笔付款没有入账，请由支付平台退还付款人")
    field = "amount_fen"


class PaymentContradicts(Conflict):
    code = "payment_contradicts"
    message = N_("这个付款编号已经用于另一笔付款")
    way_out = N_("请核对付款编号；每笔付款用自己的编号")
    field = "payment_id"
