"""A lottery within a simulation: who enters, what is drawn, what lapses and is drawn again, and what is taken up.

It follows what draws really do (``voucher/lottery.py``): one entry per person and round; prizes go down one order; what
was not taken up in time is offered to the next in it; when the round closes nothing is drawn any more. Who wins needs
no dice, since only how many do is asked. Those who take up in time do so evenly over the days that they have.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from campaigns.demand import Demand
from campaigns.terms.issuance.lottery import Lottery
from foundation.clock import TICK, bureau_day, day_start
from foundation.money import apportion

#: Given (how many, when), grants that many or as many as limits leave, and returns how many.
Granting = Callable[[int, datetime], int]


@dataclass(frozen=True)
class LotteryOutcome:
    """What became of the draws of one round. prizes: how many were on release. first_won: how many had a prize offered
    at the draw; won: these and those to whom one was offered later. taken_up and lapsed are of those won; passed_over:
    whose turn came when limits left them nothing."""

    entrants: int
    prizes: int
    first_won: int
    won: int
    taken_up: int
    lapsed: int
    passed_over: int

    @property
    def first_chance(self) -> int:
        """Return the chance of winning at the draw, in hundredths of a percent; without entrants everybody wins."""
        return self.first_won * 10_000 // self.entrants if self.entrants else 10_000

    @property
    def chance(self) -> int:
        """Return the chance of winning then or later, in hundredths of a percent."""
        return self.won * 10_000 // self.entrants if self.entrants else 10_000


@dataclass
class _Offered:
    """Prizes offered together, and how many of them were taken up."""

    count: int
    taken_up: int = 0


@dataclass
class Draw:
    """The draw of one release. left: how many prizes nobody has been granted yet, asked anew each time."""

    lottery: Lottery
    closes_at: datetime
    take_up_rate: int
    left: Callable[[], int]
    grant: Granting
    entrants: int = 0
    waiting: int = 0
    first_won: int = 0
    won: int = 0
    taken_up: int = 0
    lapsed: int = 0
    passed_over: int = 0
    #: prizes that are offered and neither taken up nor lapsed
    _open: int = 0
    #: what the rate of taking up has left over, in ten thousandths of one
    _left_over: int = 0
    #: (moment, number, what, which prizes, how many), in the order in which they happen
    _events: list[tuple[datetime, int, str, _Offered, int]] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        self._at(self.lottery.draw_at, "draw", _Offered(0))

    def enter(self, count: int) -> None:
        """Take entries, all before the draw."""
        self.entrants += count
        self.waiting += count

    def play(self, today: date) -> None:
        """Do everything that happens until the end of a day."""
        while self._events and bureau_day(self._events[0][0]) <= today:
            moment, _number, what, offered, count = self._events.pop(0)
            if what == "take_up":
                self._take_up(offered, count, moment)
                continue
            if what == "lapse":
                self._lapse(offered.count - offered.taken_up)
            if moment < self.closes_at:
                self._offer(moment)
            if what == "draw":
                self.first_won = self.won

    def close(self) -> int:
        """End the draw with its round; return how many entrants got no offer, those passed over included."""
        self._lapse(self._open)
        self._events.clear()
        return self.waiting + self.passed_over

    def _offer(self, moment: datetime) -> None:
        """Offer the prizes that nobody has to the next in the order, as long as there are both."""
        count = min(self.left() - self._open, self.waiting)
        if count <= 0:
            return
        if not self.lottery.take_up_hours:
            granted = self.grant(count, moment)
            self.won += granted
            self.taken_up += granted
            self.waiting -= granted
            if granted < count:
                # Limits leave nothing to those who come after, and prizes go down the order until its end.
                self.passed_over, self.waiting = self.waiting, 0
            return
        self.won += count
        self.waiting -= count
        self._open += count
        until = self.lottery.take_up_until(moment, closes_at=self.closes_at)
        offered = _Offered(count)
        takers, self._left_over = divmod(self._left_over + count * self.take_up_rate, 10_000)
        days = (bureau_day(until - TICK) - bureau_day(moment)).days + 1
        shares = apportion(takers, [(str(number), 1) for number in range(days)]) if takers else {}
        for number, share in shares.items():
            noon = day_start(bureau_day(moment) + timedelta(days=int(number))) + timedelta(hours=12)
            if share:
                self._at(min(max(noon, moment), until - TICK), "take_up", offered, share)
        self._at(until, "lapse", offered)

    def _take_up(self, offered: _Offered, count: int, moment: datetime) -> None:
        granted = self.grant(count, moment)
        offered.taken_up += granted
        self.taken_up += granted
        self._open -= granted

    def _lapse(self, count: int) -> None:
        self.lapsed += count
        self._open -= count

    def _at(self, moment: datetime, what: str, offered: _Offered, count: int = 0) -> None:
        # The number keeps what happens at one moment in the order in which it was planned.
        self._number += 1
        insort(self._events, (moment, self._number, what, offered, count), key=lambda event: event[:2])


@dataclass
class RoundDraws:
    """The draws of one round, one for each of its releases, and their entries. prizes: release by release."""

    lottery: Lottery
    draws: list[Draw]
    prizes: list[int]
    people: int

    def takes_entries(self, opened: date, today: date) -> bool:
        """Tell whether people may enter on a day of a round that opened on ``opened``."""
        return opened <= today <= bureau_day(self.lottery.register_until - TICK)

    def enter(self, crowd: int) -> int:
        """Take a crowd's entries, in proportion to the prizes; return how many had not entered before."""
        entered = sum(draw.entrants for draw in self.draws)
        count = min(crowd, self.people - entered) if self.people else crowd
        weights = [(str(number), prizes) for number, prizes in enumerate(self.prizes)]
        for draw, share in zip(self.draws, apportion(count, weights).values(), strict=True):
            draw.enter(share)
        return count

    def play(self, today: date) -> None:
        """Do everything that happens until the end of a day."""
        for draw in self.draws:
            draw.play(today)

    def close(self) -> tuple[int, int]:
        """End the draws with their round; return how many entrants got no offer, and of these by limits."""
        return sum(draw.close() for draw in self.draws), sum(draw.passed_over for draw in self.draws)

    def outcome(self) -> LotteryOutcome:
        """Return what has become of them so far."""

        def all_of(name: str) -> int:
            return sum(getattr(draw, name) for draw in self.draws)

        return LotteryOutcome(
            all_of("entrants"),
            sum(self.prizes),
            all_of("first_won"),
            all_of("won"),
            all_of("taken_up"),
            all_of("lapsed"),
            all_of("passed_over"),
        )


def round_draws(
    lottery: Lottery, closes_at: datetime, demand: Demand, stocks: Sequence[tuple[Callable[[], int], Granting]]
) -> RoundDraws:
    """Return the draws of a round whose money has just been put on release. stocks: of each release, how many prizes it
    has left, and how to grant them."""
    draws = [Draw(lottery, closes_at, demand.take_up_rate, left, grant) for left, grant in stocks]
    return RoundDraws(lottery, draws, [left() for left, _grant in stocks], demand.people)
