"""Who may not claim by the campaign's rules about people, and why."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from campaigns.definition import PeopleRules
from foundation.clock import bureau_day
from foundation.errors import Refusal
from foundation.prepared import Prepared
from identity.citizens import age_on, born_on
from identity.models import Citizen
from voucher.errors import RealNameNeeded, TooYoung

_ID_NUMBERS = Prepared(
    lambda given: select(Citizen.id, Citizen.id_number).where(given.matches(Citizen.id, "id")), id=Citizen.id
)


def barred(rules: PeopleRules, citizen_ids: Collection[UUID], at: datetime) -> dict[UUID, Refusal]:
    """Return citizen id → RealNameNeeded or TooYoung for those who may not claim at that moment."""
    if not rules.real_name or not citizen_ids:
        return {}
    day = bureau_day(at)
    found: dict[UUID, str | None] = dict(_ID_NUMBERS.rows([{"id": citizen_id} for citizen_id in citizen_ids]))
    refusals: dict[UUID, Refusal] = {}
    for citizen_id in citizen_ids:
        id_number = found.get(citizen_id)
        if id_number is None:
            refusals[citizen_id] = RealNameNeeded()
        elif age_on(day, born_on(id_number)) < rules.min_age:
            refusals[citizen_id] = TooYoung(years=rules.min_age)
    return refusals
