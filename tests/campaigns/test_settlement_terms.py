"""Settlement in campaign files: which day is closed when, what the words say, and what does not fit."""

from datetime import date, timedelta

import pytest

from campaigns.amendments import AmendmentRefused
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.drafting import import_draft
from campaigns.form.draft import Draft
from campaigns.form.toml_text import write
from campaigns.notice import as_text, notice
from campaigns.terms.cadence.after_end import AfterEnd
from campaigns.terms.cadence.by_hand import ByHand
from campaigns.terms.cadence.daily import Daily
from campaigns.terms.cadence.monthly import Monthly
from campaigns.terms.cadence.weekly import WEEKDAYS, Weekly
from campaigns.terms.settlement import Settlement
from tests.world import published, spring, toml

#: the campaign's last day
LAST = date(2023, 6, 30)


def day(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("cadence", "redeemed", "closed_on"),
    [
        (ByHand(), "2023-05-08", "2023-05-09"),
        (Daily(), "2023-05-08", "2023-05-09"),
        (Daily(), "2023-05-31", "2023-06-01"),
        (Daily(), "2023-12-31", "2024-01-01"),
        # 8 May 2023 is a Monday: it is closed a week later, the Sunday before it on the day itself.
        (Weekly("monday"), "2023-05-07", "2023-05-08"),
        (Weekly("monday"), "2023-05-08", "2023-05-15"),
        (Weekly("monday"), "2023-05-14", "2023-05-15"),
        (Weekly("sunday"), "2023-05-06", "2023-05-07"),
        (Weekly("sunday"), "2023-05-07", "2023-05-14"),
        (Weekly("friday"), "2023-12-29", "2024-01-05"),
        (Weekly("thursday"), "2024-02-28", "2024-02-29"),
        (Monthly(), "2023-05-01", "2023-06-01"),
        (Monthly(), "2023-05-31", "2023-06-01"),
        (Monthly(), "2023-12-31", "2024-01-01"),
        (Monthly(), "2023-01-31", "2023-02-01"),
        (Monthly(), "2023-02-28", "2023-03-01"),
        (Monthly(), "2024-02-29", "2024-03-01"),
        (Monthly(28), "2023-01-27", "2023-01-28"),
        (Monthly(28), "2023-01-28", "2023-02-28"),
        (Monthly(28), "2023-01-31", "2023-02-28"),
        (Monthly(28), "2023-12-28", "2024-01-28"),
        (Monthly(15), "2023-05-14", "2023-05-15"),
        (AfterEnd(), "2023-05-08", "2023-07-01"),
        (AfterEnd(), "2023-06-30", "2023-07-01"),
        (AfterEnd(10), "2023-05-08", "2023-07-11"),
        # What becomes ready only then is closed day by day.
        (AfterEnd(10), "2023-07-15", "2023-07-16"),
    ],
)  # fmt: skip
def test_each_day_is_closed_when_its_period_is_over(cadence, redeemed, closed_on):
    closing = cadence.closing_day(day(redeemed), LAST)
    assert closing == day(closed_on)
    settlement = Settlement(cadence=cadence)
    before = settlement.settles_up_to(closing - timedelta(days=1), LAST)
    assert before is None or before < day(redeemed)
    up_to = settlement.settles_up_to(closing, LAST)
    assert up_to is not None
    assert up_to >= day(redeemed)


@pytest.mark.parametrize(
    "cadence",
    [Daily(), *map(Weekly, WEEKDAYS), Monthly(), Monthly(15), Monthly(28), AfterEnd(), AfterEnd(31)],
    ids=repr,
)
def test_over_three_years_each_day_is_closed_once_and_in_order(cadence):
    """Which days a closing takes follows from one rule, and when a day is closed from another: they agree."""
    first = date(2023, 1, 1)
    for number in range(3 * 365 + 1):
        today = first + timedelta(days=number)
        up_to = Settlement(cadence=cadence).settles_up_to(today, LAST)
        assert up_to is None or up_to < today
        for back in range(1, 40):
            redeemed = today - timedelta(days=back)
            if redeemed <= LAST:
                assert (cadence.closing_day(redeemed, LAST) <= today) == (up_to is not None and redeemed <= up_to)


def test_by_hand_closes_up_to_yesterday_as_files_without_a_word_always_did():
    settled = check(toml(spring())).settlement
    assert settled == Settlement()
    assert not settled.cadence.automatic
    assert settled.settles_up_to(day("2023-05-09"), LAST) == day("2023-05-08")
    assert settled.check_until(day("2023-05-09")) is None
    assert settled.pay_by(day("2023-05-09")) is None


def test_days_to_check_and_to_pay_are_counted_from_the_day_after_closing():
    settled = Settlement(cadence=Weekly("monday"), check_days=3, pay_days=7)
    assert settled.check_until(day("2023-05-15")) == day("2023-05-18")
    assert settled.pay_by(day("2023-05-15")) == day("2023-05-25")
    assert Settlement(pay_days=7).pay_by(day("2023-05-15")) == day("2023-05-22")


QINGYUAN = {
    "mode": "after",
    "cadence": {"kind": "weekly", "weekday": "monday"},
    "check_days": 3,
    "pay_days": 7,
}


def test_a_file_says_how_it_settles_and_the_notice_says_it_in_words():
    definition = check(toml(spring(settlement=QINGYUAN)))
    assert definition.settlement == Settlement("after", Weekly("monday"), 3, 7)
    told = as_text(notice(definition))
    assert "商户垫付、事后结算。" in told
    assert "每周关账，周一结算到前一天。" in told
    assert "关账后 3 天内由商户核对对账单，逾期不答复视为确认。" in told
    assert "核对期满后 7 天内拨付。" in told
    assert "结算" not in as_text(notice(check(toml(spring()))))
    prefunded = check(toml(spring(settlement={"mode": "prefunded", "cadence": {"kind": "daily"}})))
    told = as_text(notice(prefunded))
    assert "资金预拨到平台账户。" in told
    assert "每天关账，核销次日（T+1）清算。" in told
    assert "未使用的预拨资金按原渠道退回各资金来源。" in told


def test_a_change_of_the_settlement_is_told_in_chinese():
    before = check(toml(spring()))
    after = check(toml(spring(settlement=QINGYUAN | {"mode": "prefunded"})))
    told = [str(change) for change in compare(before, after)]
    assert told == [
        "修改 settlement.mode（结算方式）：商户垫付、事后结算 → 资金预拨到平台账户",
        "修改 settlement.cadence.kind（种类）：手工关账 → 每周",
        "修改 settlement.check_days（商户核对天数）：0 → 3",
        "修改 settlement.pay_days（拨付天数）：0 → 7",
        "增加 settlement.cadence.weekday（关账日）：周一",
    ]


@pytest.mark.parametrize(
    ("settlement", "place"),
    [
        ({"mode": "later"}, "settlement.mode"),
        ({"cadence": {"kind": "hourly"}}, "settlement.cadence.kind"),
        ({"cadence": {"kind": "weekly"}}, "settlement.cadence.weekday"),
        ({"cadence": {"kind": "weekly", "weekday": "周一"}}, "settlement.cadence.weekday"),
        ({"cadence": {"kind": "monthly", "day": 29}}, "settlement.cadence.day"),
        ({"cadence": {"kind": "monthly", "day": 0}}, "settlement.cadence.day"),
        ({"cadence": {"kind": "after_end", "days": 181}}, "settlement.cadence.days"),
        ({"check_days": -1}, "settlement.check_days"),
        ({"pay_days": 91}, "settlement.pay_days"),
        ({"mode": "prefunded"}, "settlement.cadence"),
        ({"weekday": "monday"}, "settlement.weekday"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(settlement, place):
    with pytest.raises(DefinitionFaulty) as caught:
        check(toml(spring(settlement=settlement)))
    assert place in [fault.place for fault in caught.value.faults]


def test_an_amendment_does_not_change_what_merchants_were_promised(clock, sqlite_app):
    published(spring(settlement=QINGYUAN))
    changed = spring(settlement=QINGYUAN | {"pay_days": 30}, amendment={"reason": "延长拨付期限"})
    with pytest.raises(AmendmentRefused) as caught:
        import_draft(toml(changed), by="officer:1")
    assert [fault.place for fault in caught.value.faults] == ["settlement"]


def test_the_form_says_the_same_as_the_file():
    draft = Draft.of(toml(spring(settlement=QINGYUAN)))
    assert draft.document["settlement"] == QINGYUAN
    assert check(write(draft.document)).settlement == Settlement("after", Weekly("monday"), 3, 7)
