"""One person at several desks at once, and one paper printed at several at once."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from foundation.db import db
from identity.models import Citizen
from tests.races.crowd import at_once
from tests.voucher.test_assisted import DESK, NAN, NAN_ID, claim_for, with_desk
from tests.world import opened
from voucher import assisted
from voucher.models import PrintedVoucher, VoucherCode

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_one_person_at_eight_desks_at_once_gets_one_voucher(clock, race_app):
    campaign = opened(with_desk(stock=100))
    release = campaign.releases["desk", "meal"]
    works = [lambda: assisted.claim_for(release, name=NAN, id_number=NAN_ID, phone="", by=DESK)] * 8
    assert Counter(attempt.code for attempt in at_once(race_app, works)) == {"done": 1, "limit_reached": 7}
    assert db.session.scalar(select(func.count()).select_from(Citizen)) == 1


def test_of_a_paper_printed_at_eight_desks_at_once_the_last_is_good(clock, race_app):
    campaign = opened(with_desk())
    [paper] = claim_for(campaign)
    works = [lambda: assisted.print_again(paper.entitlement_id, by=DESK)] * 8
    assert {attempt.code for attempt in at_once(race_app, works)} == {"done"}
    assert db.session.scalar(select(func.max(PrintedVoucher.number))) == 9
    good = select(func.count()).select_from(VoucherCode).where(VoucherCode.retired_at.is_(None))
    assert db.session.scalar(good) == 1
