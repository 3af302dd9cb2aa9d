"""How often an assumed number of people may claim: the limits of a definition as what is left for all of them together.

Who claims what is not followed person by person. Everybody is taken to claim as evenly as the limits allow, so what
is worked out is the most that so many people can get.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from campaigns.definition import ReleaseDefinition, RoundDefinition
from campaigns.demand import Demand
from campaigns.terms.periods import PERIODS, next_start, span
from foundation.clock import TICK, bureau_day


@dataclass
class Allowance:
    """How many more claims are open to all people together."""

    left: int


class Crowd:
    """The people of one simulation and what they have claimed. people 0: nobody is counted, and no limit binds."""

    def __init__(self, demand: Demand) -> None:
        self._people, self._each = demand.people, demand.claims_each
        #: what counts in the whole campaign counts from round to round
        self._of_campaign: dict[int, Allowance] = {}
        #: (period, its first day, most) → what counts in it, over all rounds
        self._of_period: dict[tuple[str, date, int], Allowance] = {}

    def allowances(self, a_round: RoundDefinition) -> list[list[Allowance]]:
        """Return what binds each release of a round, in order; those that bind several are the same object."""
        if not self._people:
            return [[] for _release in a_round.releases]
        shared = [Allowance(self._people * self._each)]
        counts: dict[str, int] = {}
        for limit in a_round.limits:
            # What another strategy counts by, an assumed crowd does not have.
            within = getattr(limit, "within", "")
            counts[within] = min(limit.count, counts.get(within, limit.count))
        if "round" in counts:
            shared.append(Allowance(self._people * counts["round"]))
        if "campaign" in counts:
            most = counts["campaign"]
            shared.append(self._of_campaign.setdefault(most, Allowance(self._people * most)))
        shared += [self._in_periods(a_round, each, counts[each]) for each in PERIODS if each in counts]
        groups = {group: Allowance(self._people) for group in a_round.groups}
        return [self._of_release(release, shared, groups, counts.get("offer")) for release in a_round.releases]

    def _in_periods(self, a_round: RoundDefinition, period: str, most: int) -> Allowance:
        """Return what a limit by calendar periods leaves a round: of the one period that it lies in, which it shares
        with other rounds, or of all that it touches, as if nobody had claimed in them before."""
        first = span(period, bureau_day(a_round.opens_at))[0]
        last_day = bureau_day(a_round.closes_at - TICK)
        if last_day < next_start(period, first):
            return self._of_period.setdefault((period, first, most), Allowance(self._people * most))
        touched = 0
        while first <= last_day:
            touched += 1
            first = next_start(period, first)
        return Allowance(self._people * most * touched)

    def _of_release(
        self, release: ReleaseDefinition, shared: list[Allowance], groups: dict[str, Allowance], each: int | None
    ) -> list[Allowance]:
        own = [] if each is None else [Allowance(self._people * each)]
        return [*shared, *own, *([groups[release.group]] if release.group else [])]


def room(wanted: int, allowances: Sequence[Allowance]) -> int:
    """Return how many of ``wanted`` claims the limits leave open."""
    return min([wanted, *(one.left for one in allowances)])


def use(count: int, allowances: Sequence[Allowance]) -> None:
    """Note claims in everything that counts them."""
    for one in allowances:
        one.left -= count
