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
