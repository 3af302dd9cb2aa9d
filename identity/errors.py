"""The noes of this room."""

from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound, SignInNeeded, TooMany, Unavailable
from identity.principals import Audience

_ASK_AGAIN = N_("请重新获取验证码，再输入短信里的 6 位数字")


class PhoneMalformed(Malformed):
    code = "phone_malformed"
    message = N_("手机号格式不正确")
    way_out = N_("请用半角数字填写 11 位中国大陆手机号，例如 13800138000")
    field = "phone"


class PhoneFullWidth(PhoneMalformed):
    code = "phone_full_width"
    message = N_("手机号里有全角字符")
    way_out = N_("请切换到英文输入法，用半角数字重新填写")


class SignInCodeMalformed(Malformed):
    code = "sign_in_code_malformed"
    message = N_("验证码应为 6 位数字")
    way_out = N_("请用半角数字填写短信里的 6 位验证码")
    field = "code"


class CodeWrong(Conflict):
    """Wrong, expired, for another phone or asked for on another device: all told alike."""

    code = "sign_in_code_wrong"
    message = N_("验证码不正确或已过期")
    way_out = N_("请核对短信里最新的 6 位验证码；超过 5 分钟请重新获取")
    field = "code"


class CodeUsedUp(Conflict):
    code = "sign_in_code_used_up"
    message = N_("验证码输错次数过多，已失效")
    way_out = _ASK_AGAIN
    field = "code"


class CodeAskedTooOften(TooMany):
    code = "sign_in_code_too_often"
    message = N_("获取验证码过于频繁，请 %(seconds)s 秒后再试")
    way_out = N_("已收到的验证码在 5 分钟内有效，可以直接填写")
    field = "phone"


class TooManyTries(TooMany):
    code = "too_many_tries"
    message = N_("尝试次数过多，请 %(minutes)s 分钟后再试")
    way_out = N_("如非本人操作，请联系客服")


class SmsUnavailable(Unavailable):
    code = "sms_unavailable"
    message = N_("短信暂时发不出去，验证码没有发送")
    way_out = N_("请稍后再获取一次验证码")
    retry_after_seconds = 60


class SignInWrong(Forbidden):
    """Unknown login, wrong password and suspended account: told alike, so that none of them can be learnt."""

    code = "sign_in_wrong"
    message = N_("账号或密码不正确，或账号已停用")
    way_out = N_("请核对后重新输入；忘记密码请联系管理员重置")
    field = "login"


class SignInBusy(Unavailable):
    code = "sign_in_busy"
    message = N_("登录的人太多，请稍后再试")


class AudienceSignInNeeded(SignInNeeded):
    """Raised by a gate; ``audience`` says at which door to sign in."""

    def __init__(self, audience: Audience) -> None:
        super().__init__()
        self.audience = audience


class ApiKeyRefused(SignInNeeded):
    """No key, a malformed, unknown or wrong key, or a suspended till: told alike."""

    code = "api_key_refused"
    message = N_("X-Api-Key 无效，或收银设备已停用")
    way_out = N_("请核对收银设备的密钥；如已停用请联系商务局")
    field = "X-Api-Key"


class RoleForbidden(Forbidden):
    code = "role_forbidden"
    message = N_("您的岗位不能办理此项业务")
    way_out = N_("请由有权限的同事办理")


class LoginMalformed(Malformed):
    code = "login_malformed"
    message = N_("账号应为 3 到 40 位小写字母、数字、点、横线或下划线，以字母或数字开头")
    field = "login"


class LoginTaken(Conflict):
    code = "login_taken"
    message = N_("账号“%(login)s”已被使用")
    way_out = N_("请换一个账号名")
    field = "login"


class PasswordWeak(Malformed):
    code = "password_weak"
    message = N_("密码太弱：至少 %(shortest)s 位，不能包含账号名，也不能只用一两个字符")
    field = "password"


class RoleUnknown(Malformed):
    code = "role_unknown"
    message = N_("岗位“%(role)s”不存在")
    way_out = N_("可用的岗位：editor、finance、auditor、chief")
    field = "role"


class AccountNotFound(NotFound):
    code = "account_not_found"
    message = N_("没有这个账号")
    way_out = N_("请核对登录名")


class AccountNotThere(Conflict):
    code = "account_state"
    message = N_("账号当前状态不允许此操作")
    way_out = N_("请刷新后查看账号状态")


class CitizenNotFound(NotFound):
    code = "citizen_not_found"
    message = N_("没有这位市民的登记")


class NameMalformed(Malformed):
    code = "name_malformed"
    message = N_("姓名应为 2 到 30 个汉字，少数民族姓名可用间隔号“·”")
    field = "name"


class IdNumberMalformed(Malformed):
    code = "id_number_malformed"
    message = N_("身份证号码不正确")
    way_out = N_("请核对 18 位身份证号码，末位可以是 X")
    field = "id_number"


class IdNumberTaken(Conflict):
    code = "id_number_taken"
    message = N_("该身份证号码已用另一个姓名登记")
    way_out = N_("请核对姓名和身份证号码；如非本人操作，请联系客服")
    field = "id_number"


class RealNameSettled(Conflict):
    code = "real_name_settled"
    message = N_("您已完成实名，不能改为另一个人的信息")
    way_out = N_("如登记有误，请联系客服")
