"""One line of a list and two who claim it at once; one list confirmed twice at once."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from foundation.db import db
from identity.citizens import save_real_name
from tests import people
from tests.people import CHEN, LIN
from tests.races.crowd import at_once
from tests.voucher.test_named_lists import EDITOR, HEAD, LIN_ID, by_list, listed
from tests.world import done, opened
from voucher import named_lists
from voucher.claims import claim
from voucher.list_file import read_list
from voucher.models import Entitlement, NamedPerson

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_one_line_gives_one_voucher_to_whoever_of_two_comes_first(clock, race_app):
    """The phone on the line belongs to one account, the number to another."""
    campaign = opened(by_list(limits=[{"count": 9, "within": "round"}]))
    lin, chen = people.citizen(LIN), people.citizen(CHEN)
    done(lambda: save_real_name(chen, name="林小满", id_number=LIN_ID))
    listed(campaign, f"{HEAD}林小满,{LIN.phone},{LIN_ID}\n")
    attempts = at_once(race_app, [lambda who=who: claim(who, campaign.release) for who in (lin, chen) * 8])
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "listed_once": 15}
    assert db.session.scalar(select(func.count()).select_from(Entitlement)) == 1


def test_two_lists_with_the_same_people_confirmed_at_once_count_once(clock, race_app):
    campaign = opened(by_list())
    data = (HEAD + "".join(f"林小满,1390000{place:04d},\n" for place in range(200))).encode()
    drafts = [
        done(
            lambda: (
                named_lists.import_list(campaign.release, read_list(data, "a"), data=data, file_name="a", by=EDITOR).id
            )
        )
        for _ in range(4)
    ]
    attempts = at_once(race_app, [lambda draft=draft: named_lists.confirm(draft, by=EDITOR) for draft in drafts * 2])
    assert Counter(attempt.code for attempt in attempts) == {"done": 4, "named_list_not_draft": 4}
    assert sorted(attempt.outcome for attempt in attempts if not attempt.refused) == [0, 0, 0, 200]
    assert db.session.scalar(select(func.count(NamedPerson.live_release_id))) == 200
