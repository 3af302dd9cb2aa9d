"""One daily portion and several jobs at once, one of which closes the round."""

import pytest

from campaigns import rounds
from tests.campaigns.test_rollover import daily_round
from tests.races.crowd import at_once
from tests.world import JOB, at, opened, release_row

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_of_eight_jobs_one_releases_the_portion(clock, race_app):
    campaign = opened(daily_round(stock=10, days=2))
    clock.move_to(at("2023-05-09 09:00"))
    attempts = at_once(race_app, [lambda: rounds.release_due_portions(actor=JOB)] * 8)
    assert sum(attempt.outcome for attempt in attempts) == 1
    assert release_row(campaign.release).released == 10
