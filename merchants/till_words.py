"""What the till's scripts say: they carry no words of their own, so that all words go through gettext."""

from collections.abc import Mapping

from flask_babel import gettext as _

from campaigns.goods import GRADES, category_name
from foundation.money import format_yuan
from merchants.receipts import Receipt
from merchants.till_advice import Better


def void_reasons() -> list[str]:
    """Return the usual reasons for a void, to choose from."""
    return [_("顾客退货"), _("金额输错"), _("顾客改用其他付款方式"), _("重复核销")]


def gift_void_reasons() -> list[str]:
    """Return the usual reasons for taking a hand-out back, to choose from."""
    return [_("发错人"), _("发错礼品"), _("号码登记错误"), _("领取人不要了")]


def payer_words(payers: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return (who, fen) of those who pay a voucher together; nothing where one pays it all."""
    names = {"government": _("政府"), "bank": _("银行"), "merchant": _("本店")}
    return [(names[payer], fen) for payer, fen in payers.items()] if len(payers) > 1 else []


def refund_reasons() -> list[str]:
    """Return the usual reasons for a refund, to choose from."""
    return [_("质量问题"), _("买错或不合适"), _("顾客不想要了"), _("订单取消")]


def advice_words(better: Better | None, *, refused: bool = False) -> str:
    """Return what to tell the customer of a better voucher, or "" where there is none."""
    if better is None:
        return ""
    yuan = format_yuan(better.discount_fen)
    if better.vouchers > 1:
        told = {"count": better.vouchers, "name": better.offer_name, "yuan": yuan}
        what = _("%(count)s 张“%(name)s”同用，可减 %(yuan)s 元", **told)
    else:
        what = _("“%(name)s”，可减 %(yuan)s 元", name=better.offer_name, yuan=yuan)
    if refused:
        return _("请告诉顾客：这一单可以用您的 %(what)s", what=what)
    return _("顾客有更省的券：%(what)s。要换券，请先撤销这笔", what=what)


def till_words() -> dict[str, str]:
    """Return name → text."""
    return {
        "done": _("核销成功"),
        "refused": _("没有核销"),
        "collect": _("再收"),
        "bill": _("消费"),
        "listed": _("优惠前"),
        "merchant_discount": _("店内优惠"),
        "discount": _("券抵"),
        "offer": _("券"),
        "subsidy": _("政府补贴"),
        "item": _("品类"),
        "invoice": _("发票开"),
        "hint_serial": _("请扫商品的序列号，或手机的 IMEI"),
        "hint_barcode": _("请扫商品条码（69 码）"),
        "hint_grade": _("请按能效标识选等级"),
        "hint_price": _("请输入成交价，再按核销"),
        "award": _("补贴 ¥%s"),
        "award_pays": _("顾客付 ¥%s"),
        "award_invoice": _("发票开 ¥%s"),
        "next": _("直接扫下一位，或轻点返回"),
        "next_refused": _("重新扫码即可继续，或轻点返回"),
        "confirming": _("正在确认"),
        "confirming_why": _("网络不稳，正在确认这一笔成功没有，请不要重复收款，也不要放行"),
        "confirming_long": _("还没有等到结果。可看顾客手机：出现“已使用”就是成功；这里联网后会自动给出结果"),
        "go_scan": _("扫码"),
        "go_looking": _("对准券码"),
        "go_redeem": _("核销"),
        "go_busy": _("请稍候"),
        "hint_start": _("先输金额或先扫码都可以"),
        "hint_amount": _("请输入消费金额，再按核销"),
        "hint_scan": _("扫到券码就核销这一笔"),
        "hint_show": _("请顾客出示券码"),
        "code_missing": _("未读取"),
        "code_read": _("已读取 ···%s"),
        "codes_read": _("已读 %s 张 %t"),
        "go_several": _("核销 %s 张"),
        "hint_several": _("逐张扫同一种券，扫完再按核销"),
        "hint_several_more": _("继续扫下一张，或按核销"),
        "excluded": _("不用券的商品"),
        "camera_on": _("摄像头"),
        "camera_off": _("关摄像头"),
        "camera_denied": _("没有摄像头权限：请在浏览器地址栏旁允许使用摄像头，或改用照片、输券码"),
        "camera_none": _("没有找到摄像头：请用扫码枪、照片或输券码"),
        "camera_https": _("这个网址不是 HTTPS，浏览器不给用摄像头：请用照片、扫码枪或输券码"),
        "camera_broken": _("摄像头打不开，可能被别的程序占用：请用照片、扫码枪或输券码"),
        "photo_reading": _("正在识别照片"),
        "photo_none": _("照片没有传上去，请检查网络后再试"),
        "type_hint": _("顾客手机上二维码下面的 20 位数字"),
        "pay_amount": _("先输消费金额"),
        "pay_waiting": _("用相机或微信“扫一扫”扫它，选好券后这里自动显示"),
        "pay_offline": _("网络断开，正在重连"),
        "pay_unsent": _("二维码没有拿到，可能是网络断开"),
        "pay_again": _("请再按一次“请顾客扫码”，或改扫顾客的券码"),
        "pay_cancel": _("取消"),
        "pay_back": _("返回"),
        "full_width": _("输入的是全角数字，请把输入法切到英文半角再输"),
        "input_method": _("中文输入法挡住了扫码枪，请按 Shift 切到英文"),
    }


def item_lines(receipt: Receipt) -> list[tuple[str, str]]:
    """Return (heading, value) of the article of a receipt, for the slip; nothing for a voucher."""
    item = receipt.item
    if item is None:
        return []
    told = [(_("品类"), category_name(item.category)), (_("能效"), GRADES[item.grade] if item.grade != "none" else "")]
    told += [(_("商品"), f"{item.brand} {item.model_name}".strip()), (_("商品条码"), item.barcode)]
    told += [(_("序列号"), item.serial), (_("IMEI"), item.imei)]
    return [(heading, value) for heading, value in told if value]
