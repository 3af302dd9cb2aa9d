"""The noes of this room."""

from foundation.errors import N_, Conflict, Malformed, NotFound


class NumberMalformed(Malformed):
    """A number that proves something is not written as such a number is. Each kind of number has its own."""


class VinMalformed(NumberMalformed):
    code = "vin_malformed"
    message = N_("车架号（VIN）应为 17 位字母和数字，不含 I、O、Q")
    way_out = N_("请对照行驶证“车辆识别代号”一栏重新填写，注意数字 0 和 1")
    field = "vin"


class VinMistyped(VinMalformed):
    code = "vin_mistyped"
    message = N_("车架号（VIN）的校验位不对，可能有一位填错了")
    way_out = N_("请对照行驶证“车辆识别代号”一栏逐位核对")


class UsccMalformed(NumberMalformed):
    code = "uscc_malformed"
    message = N_("统一社会信用代码“%(given)s”不正确")
    way_out = N_("请对照营业执照逐位核对 18 位代码")
    field = "uscc"


class PolicyNumberMalformed(NumberMalformed):
    code = "policy_number_malformed"
    message = N_("保单号应当是 8 至 40 位字母和数字")
    way_out = N_("请对照商业险保单右上角的保单号核对")
    field = "policy_number"


class BankCardMalformed(NumberMalformed):
    code = "bank_card_malformed"
    message = N_("银行卡号应为 15 到 19 位数字，且校验位要对得上")
    way_out = N_("请对照卡面逐位核对；不要填写手机号或存折账号")
    field = "bank_card"


class BarcodeMalformed(NumberMalformed):
    code = "barcode_malformed"
    message = N_("商品条码应为 13 位数字（69 码），且校验位要对得上")
    way_out = N_("请扫描包装或机身上的商品条码，或逐位核对")
    field = "barcode"


class ImeiMalformed(NumberMalformed):
    code = "imei_malformed"
    message = N_("IMEI 应为 15 位数字，且校验位要对得上")
    way_out = N_("请在手机拨号界面输入 *#06# 查看，或扫描包装盒上的 IMEI")
    field = "imei"


class SerialMalformed(NumberMalformed):
    code = "serial_malformed"
    message = N_("序列号（SN）应为 4 到 40 位字母和数字")
    way_out = N_("请扫描机身铭牌上的序列号，或逐位核对")
    field = "serial"


class InvoiceNumberMalformed(NumberMalformed):
    code = "invoice_number_malformed"
    message = N_("发票号码应为 20 位（数电发票），或 8 位并另有 10 或 12 位发票代码")
    way_out = N_("请对照发票右上角填写")
    field = "invoice_number"


class PlateMalformed(NumberMalformed):
    code = "plate_malformed"
    message = N_("车牌号的格式不对")
    way_out = N_("请对照行驶证填写，例如 粤Q12345；新能源车牌多一位，例如 粤QD12345")
    field = "plate"


class MarkTaken(Conflict):
    """A number that counts once has counted already, in this campaign or another."""

    code = "mark_taken"
    message = N_("%(what)s已经用于另一份补贴，同一%(what)s只能补贴一次")
    way_out = N_("请核对是否填错；如果没有填错，请联系活动咨询电话查询")


class FileEmpty(Malformed):
    code = "file_empty"
    message = N_("文件是空的")
    way_out = N_("请重新选择文件")
    field = "file"


class FileTooLarge(Malformed):
    code = "file_too_large"
    message = N_("文件有 %(megabytes)s MB，最大 %(most)s MB")
    way_out = N_("请重新拍照，或压缩后再上传")
    field = "file"


class FileNotReadable(Malformed):
    code = "file_not_readable"
    message = N_("这个文件不是能打开的 JPEG、PNG 图片或 PDF")
    way_out = N_("请换一张照片；苹果手机可在相机设置里选“兼容性最佳”")
    field = "file"


class PictureTooLarge(Malformed):
    code = "picture_too_large"
    message = N_("图片像素太多，最多 %(most)s 万像素")
    way_out = N_("请用较低的分辨率重新拍照")
    field = "file"


class PictureTooSmall(Malformed):
    code = "picture_too_small"
    message = N_("图片太小，看不清内容，短边至少 %(least)s 像素")
    way_out = N_("请靠近一些重新拍照")
    field = "file"


class PdfTooLong(Malformed):
    code = "pdf_too_long"
    message = N_("PDF 有 %(pages)s 页，最多 %(most)s 页")
    way_out = N_("请只上传需要的页")
    field = "file"


class PdfLocked(Malformed):
    code = "pdf_locked"
    message = N_("PDF 有密码，打不开")
    way_out = N_("请去掉密码后再上传")
    field = "file"


class FileUnknown(NotFound):
    code = "file_unknown"
    message = N_("找不到这份文件")
    way_out = N_("它可能已经被替换，请刷新页面")


class IssuedNumberMalformed(Malformed):
    code = "issued_number_malformed"
    message = N_("号码应当是 6 至 40 位字母或数字")
    way_out = N_("请扫描或照卡面、保单上的号码填写")
    field = "number"
