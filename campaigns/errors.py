"""Refusals of the campaigns room."""

from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound


class CampaignUnknown(NotFound):
    code = "campaign_unknown"
    message = N_("没有这个活动")
    way_out = N_("请回到活动列表重新选择")


class VersionUnknown(NotFound):
    code = "campaign_version_unknown"
    message = N_("没有这个活动版本")
    way_out = N_("请回到活动列表重新选择")


class VersionNotDraft(Conflict):
    code = "campaign_version_not_draft"
    message = N_("这个版本已经发布或作废，不能再改")
    way_out = N_("请导入新的版本")


class CampaignAlreadyPublished(Conflict):
    code = "campaign_already_published"
    message = N_("活动“%(campaign)s”已经发布，发布后不能修改")
    way_out = N_("请为新的活动使用新的代码")


class AmendmentOutdated(Conflict):
    code = "amendment_outdated"
    message = N_("这份修改稿是对照较早的版本拟的，现行版本已经变了")
    way_out = N_("请导出现行版本，在它上面重新修改后导入")


class TerminationReasonMissing(Malformed):
    code = "termination_reason_missing"
    message = N_("请写明提前终止的原因（4 至 400 个字），市民会看到")
    way_out = N_("例如：活动资金已用完，提前结束")
    field = "reason"


class TerminationProposed(Conflict):
    code = "termination_proposed"
    message = N_("这个活动已经提交过提前终止")
    way_out = N_("请另一位同事审定，或先撤回")


class NoTermination(NotFound):
    code = "termination_unknown"
    message = N_("没有待审定的提前终止")
    way_out = N_("请回到活动页面查看")


class DrawUnderWay(Conflict):
    code = "draw_under_way"
    message = N_("摇号正在进行，已有人报名，不能提前终止")
    way_out = N_("请等开奖和领奖结束、这一轮关闭以后再终止")


class CampaignTerminated(Conflict):
    code = "campaign_terminated"
    message = N_("活动已经提前终止，不能再修改")
    way_out = N_("请用新的活动")


class FourEyesNeeded(Forbidden):
    code = "four_eyes_needed"
    message = N_("不能由同一个人既拟稿又审定")
    way_out = N_("请让另一位有权限的同事来办理")


class FundSourceDiffers(Conflict):
    code = "fund_source_differs"
    message = N_("资金来源“%(source)s”已登记为“%(registered)s”，与活动文件不一致")
    way_out = N_("请改用登记的名称、级别和县区，或使用新的代码")


class EventUnknown(NotFound):
    code = "event_unknown"
    message = N_("没有这个促消费活动")
    way_out = N_("请回到促消费活动列表重新选择")


class EventNameMissing(Malformed):
    code = "event_name_missing"
    message = N_("名称要写，最多 80 个字")
    way_out = N_("请填写后重新保存")
    field = "name"


class EventKindUnknown(Malformed):
    code = "event_kind_unknown"
    message = N_("没有“%(given)s”这一类促消费活动")
    way_out = N_("请从列表中选择")
    field = "kind"


class EventDaysMalformed(Malformed):
    code = "event_days_malformed"
    message = N_("日期要写全，结束不能早于开始，一次最多 %(most)s 天")
    way_out = N_("请核对开始和结束的日期")
    field = "ends_on"


class EventCountyUnknown(Malformed):
    code = "event_county_unknown"
    message = N_("没有县区代码“%(given)s”")
    way_out = N_("请从列表中选择")
    field = "county"


class EventCancelled(Conflict):
    code = "event_cancelled"
    message = N_("“%(event)s”已经取消")
    way_out = N_("请选择别的促消费活动")


class PrefundingShort(Conflict):
    code = "prefunding_short"
    message = N_("“%(round)s”需要的预拨资金还差 %(yuan)s 元，暂不投放")
    way_out = N_("请资金来源把差额拨到平台账户，财务登记到账后自动投放")
