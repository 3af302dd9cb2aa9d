"""Plays a definition against an assumed demand, before anything is published: where the money would be each day.

Pure arithmetic on the definition's own terms: no database, no clock, and the same seed gives the same days. It
follows what rounds really do (``rounds.py``): money goes on release when a round opens, as far as the pools reach;
what is not claimed comes back when it closes, what is not used when it expires. Days are whole: of several things
on one day, money returns first, then rounds open, people claim or enter, lotteries are drawn, people use, rounds close.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from campaigns.crowds import Allowance, Crowd, room, use
from campaigns.definition import Definition, OfferDefinition, ReleaseDefinition, RoundDefinition
from campaigns.demand import Demand
from campaigns.simulated_lottery import Granting, LotteryOutcome, RoundDraws, round_draws
from campaigns.terms.issuance.lottery import Lottery
from campaigns.terms.rollover.own import Own
from foundation.clock import TICK, bureau_day, day_start
from foundation.errors import N_, Conflict
from foundation.money import apportion

LONGEST_DAYS = 1_100


class SpanTooLong(Conflict):
    code = "simulation_span_too_long"
    message = N_("活动跨度 %(days)s 天，超过测算的上限 %(most)s 天")
    way_out = N_("请缩短活动时间后再测算")


@dataclass
class Money:
    """Where the money of one source stands at the end of a day, in fen; together always its budget."""

    pool: int
    released: int = 0
    outstanding: int = 0
    redeemed: int = 0

    def copy(self) -> "Money":
        return Money(self.pool, self.released, self.outstanding, self.redeemed)


@dataclass(frozen=True)
class Day:
    """claimed, redeemed, expired, turned_away: how many on this day; limited: of those turned away, how many by limits
    per person while there was stock. entered, won, taken_up: how many entered lotteries, were offered prizes, and were
    granted them, which counts as claimed. Who entered and was offered none is turned away when the round closes.
    money: source code → where it stands at its end. proceeds_fen: what was paid for vouchers that are sold; part of
    no source's money."""

    day: date
    claimed: int
    redeemed: int
    expired: int
    turned_away: int
    limited: int
    entered: int
    won: int
    taken_up: int
    money: Mapping[str, Money]
    proceeds_fen: int = 0


@dataclass(frozen=True)
class Simulation:
    """runs_out: source code → the first day at whose end it can pay for no further one, None if it always can.
    sold_out: round code → the day on which its last one was claimed, None if some were left. lotteries: round code →
    what became of its draws, for rounds that are drawn."""

    days: tuple[Day, ...]
    runs_out: Mapping[str, date | None]
    sold_out: Mapping[str, date | None]
    lotteries: Mapping[str, LotteryOutcome]

    def total(self, name: str) -> int:
        """Return the sum over all days of one of the counts of a day, or of proceeds_fen, by its name."""
        return sum(getattr(day, name) for day in self.days)


@dataclass
class _Stock:
    """What is left of a release while its round is open. contents: offer code → how many one claim gives. allowances:
    what the limits per person leave of it."""

    contents: Mapping[str, int]
    left: int
    allowances: list[Allowance] = field(default_factory=list)

    @property
    def open(self) -> int:
        return room(self.left, self.allowances)


@dataclass(frozen=True)
class _Price:
    """What one entitlement costs each source that pays anything: set aside when claimed, and paid when used."""

    set_aside: Mapping[str, int]
    paid: Mapping[str, int]


@dataclass
class _Books:
    """Everything that changes while days go by."""

    definition: Definition
    demand: Demand
    prices: Mapping[str, _Price]
    money: dict[str, Money]
    crowd: Crowd
    open_rounds: dict[str, list[_Stock]] = field(default_factory=dict)
    #: round code → its draws, once it has opened
    draws: dict[str, RoundDraws] = field(default_factory=dict)
    #: day → offer code → how many will be used, and how many expire
    uses: dict[date, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    expiries: dict[date, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    #: round code → what it has left of its own money, and day → round code → what of it comes back
    own_left: dict[str, int] = field(default_factory=dict)
    own_back: dict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    #: what is paid on the day for vouchers that are sold
    proceeds_fen: int = 0
    #: offer code → what the redemption rate has left over, in ten thousandths of one
    left_over: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def move(self, source: str, amount_fen: int, debit: str, credit: str) -> None:
        money = self.money[source]
        setattr(money, debit, getattr(money, debit) - amount_fen)
        setattr(money, credit, getattr(money, credit) + amount_fen)

    def move_all(self, contents: Mapping[str, int], count: int, debit: str, credit: str) -> None:
        for offer, each in contents.items():
            for source, fen in self.prices[offer].set_aside.items():
                self.move(source, fen * each * count, debit, credit)

    def parts(self, contents: Mapping[str, int]) -> Counter[str]:
        """Return source code → fen that one claim sets aside."""
        parts: Counter[str] = Counter()
        for offer, each in contents.items():
            for source, fen in self.prices[offer].set_aside.items():
                parts[source] += fen * each
        return parts


def _price(offer: OfferDefinition, definition: Definition, demand: Demand) -> _Price:
    benefit, funding = offer.terms.benefit, offer.terms.funding
    most_fen = benefit.committed_fen
    cost_fen = most_fen
    if benefit.least_fen < most_fen:
        cost_fen = min(most_fen, max(benefit.least_fen, most_fen * demand.award_share // 10_000))
    set_aside_fen = cost_fen if definition.preset.priced_when_claimed else most_fen
    return _Price({source: fen for source, fen in funding.split(set_aside_fen).items() if fen}, funding.split(cost_fen))


def simulate(definition: Definition, demand: Demand) -> Simulation:
    """Return what each day would look like. Refuses SpanTooLong."""
    first, last = bureau_day(definition.starts_at), bureau_day(definition.ends_at - TICK)
    # The day after the end too, on which the last ones have expired.
    span = (last - first).days + 2
    if span > LONGEST_DAYS:
        raise SpanTooLong(days=span, most=LONGEST_DAYS)
    prices = {offer.code: _price(offer, definition, demand) for offer in definition.offers}
    money = {source.code: Money(source.budget_fen) for source in definition.sources}
    books = _Books(definition, demand, prices, money, Crowd(demand))
    rng = Random(demand.seed)
    sold_out: dict[str, date | None] = {a_round.code: None for a_round in definition.rounds}
    days = []
    for number in range(span):
        today = first + timedelta(days=number)
        expired = _expire(books, today)
        _open_rounds(books, today)
        # Drawn on every day, so that a changed round leaves the other days' crowds as they were.
        crowd = round(demand.claims_per_day * rng.gammavariate(20, 1 / 20))
        came = _come(books, today, crowd)
        redeemed = _redeem(books, today)
        _note_sold_out(books, today, sold_out)
        _close_rounds(books, today, came)
        standing = {source: money.copy() for source, money in books.money.items()}
        days.append(
            Day(today, redeemed=redeemed, expired=expired, money=standing, proceeds_fen=books.proceeds_fen, **came)
        )
        books.proceeds_fen = 0
    lotteries = {code: drawn.outcome() for code, drawn in books.draws.items()}
    return Simulation(tuple(days), _runs_out(prices, days), sold_out, lotteries)


def _expire(books: _Books, today: date) -> int:
    for code, count in books.expiries.get(today, {}).items():
        books.move_all({code: 1}, count, "outstanding", "pool")
    for round_code, fen in books.own_back[today].items():
        books.own_left[round_code] += fen
    return sum(books.expiries.get(today, {}).values())


def _open_rounds(books: _Books, today: date) -> None:
    """Open the rounds of today, and put today's portions of those that are open on release."""
    for a_round in books.definition.rounds:
        due = a_round.daily.due_at(a_round.opens_at) if a_round.daily else [a_round.opens_at]
        opened = a_round.code in books.open_rounds
        for number, moment in enumerate(due):
            if bureau_day(moment) != today or opened != (number > 0):
                continue
            if not opened:
                books.own_left[a_round.code] = _own_money_fen(books, a_round)
                contents = [_contents(books, release) for release in a_round.releases]
                allowances = books.crowd.allowances(a_round)
                books.open_rounds[a_round.code] = [
                    _Stock(each, 0, allowed) for each, allowed in zip(contents, allowances, strict=True)
                ]
            _release_portion(books, a_round, number)
            if a_round.lottery:
                _set_up_draws(books, a_round, a_round.lottery)


def _set_up_draws(books: _Books, a_round: RoundDefinition, lottery: Lottery) -> None:
    def granting(stock: _Stock) -> Granting:
        def grant(wanted: int, moment: datetime) -> int:
            count = min(wanted, stock.open)
            _grant(books, a_round.code, stock, count, moment)
            return count

        return grant

    def left(stock: _Stock) -> Callable[[], int]:
        return lambda: stock.left

    stocks = [(left(stock), granting(stock)) for stock in books.open_rounds[a_round.code]]
    books.draws[a_round.code] = round_draws(lottery, a_round.closes_at, books.demand, stocks)


def _own_money_fen(books: _Books, a_round: RoundDefinition) -> int:
    """Return what a round may release by its own rule; 0 where the pool alone decides."""
    own = a_round.rollover
    return own.budget_fen + books.own_left.get(own.carry, 0) if isinstance(own, Own) else 0


def _contents(books: _Books, release: ReleaseDefinition) -> dict[str, int]:
    return {content.offer: content.count for content in books.definition.contents(release)}


def _release_portion(books: _Books, a_round: RoundDefinition, number: int) -> None:
    for release, stock in zip(a_round.releases, books.open_rounds[a_round.code], strict=True):
        parts = books.parts(stock.contents)
        affordable = min(max(books.money[source].pool, 0) // fen for source, fen in parts.items())
        if release.budget_fen is not None:
            affordable = min(affordable, release.budget_fen // parts.total())
        wanted = release.stock or affordable
        count = min(a_round.daily.split(wanted)[number] if a_round.daily else wanted, affordable)
        if isinstance(a_round.rollover, Own):
            count = min(count, books.own_left[a_round.code] // parts.total())
            books.own_left[a_round.code] -= count * parts.total()
        books.move_all(stock.contents, count, "pool", "released")
        stock.left += count


def _close_rounds(books: _Books, today: date, came: Counter[str]) -> None:
    for a_round in books.definition.rounds:
        if a_round.code in books.open_rounds and bureau_day(a_round.closes_at - TICK) == today:
            if a_round.code in books.draws:
                without, passed_over = books.draws[a_round.code].close()
                came.update(turned_away=without, limited=passed_over)
            for stock in books.open_rounds.pop(a_round.code):
                books.move_all(stock.contents, stock.left, "released", "pool")
                books.own_left[a_round.code] += stock.left * books.parts(stock.contents).total()


def _note_sold_out(books: _Books, today: date, sold_out: dict[str, date | None]) -> None:
    for code, stocks in books.open_rounds.items():
        if sold_out[code] is None and not any(stock.left for stock in stocks):
            sold_out[code] = today


def _come(books: _Books, today: date, crowd: int) -> Counter[str]:
    """Let a day's crowd claim and enter lotteries, in proportion to what is open to it, and draw what is due. Return
    how many claimed, entered, won, were turned away, and of these by limits per person."""
    came = Counter(claimed=0, entered=0, won=0, taken_up=0, turned_away=0, limited=0)
    at_once = [code for code in books.open_rounds if code not in books.draws]
    drawn = {code: draws for code, draws in books.draws.items() if code in books.open_rounds}
    open_days = {a_round.code: bureau_day(a_round.opens_at) for a_round in books.definition.rounds}
    entering = [draws for code, draws in drawn.items() if draws.takes_entries(open_days[code], today)]
    if at_once or entering:
        in_stock = sum(stock.left for code in at_once for stock in books.open_rounds[code])
        weights = [("", in_stock), *((str(number), sum(each.prizes)) for number, each in enumerate(entering))]
        parts = apportion(crowd, weights) if any(weight for _, weight in weights) else {"": crowd}
        for each, part in zip(entering, list(parts.values())[1:], strict=False):
            if part:
                entered = each.enter(part)
                came.update(entered=entered, turned_away=part - entered, limited=part - entered)
        claimed, turned_away, limited = _claim(books, today, parts[""])
        came.update(claimed=claimed, turned_away=turned_away, limited=limited)
    before = {code: draws.outcome() for code, draws in drawn.items()}
    for draws in drawn.values():
        draws.play(today)
    for code, draws in drawn.items():
        now = draws.outcome()
        taken_up = now.taken_up - before[code].taken_up
        came.update(won=now.won - before[code].won, taken_up=taken_up, claimed=taken_up)
    return came


def _claim(books: _Books, today: date, crowd: int) -> tuple[int, int, int]:
    """Let a crowd claim over all rounds that give at once, in proportion to what is open to it; return how many
    claimed, were turned away, and of these by limits per person."""
    stocks = [
        (code, stock)
        for code, stocks in books.open_rounds.items()
        if code not in books.draws
        for stock in stocks
        if stock.left
    ]
    in_stock = min(crowd, sum(stock.left for _, stock in stocks))
    rounds = {a_round.code: a_round for a_round in books.definition.rounds}
    granted = 0
    while granted < in_stock:
        # Limits that bind several releases close some before they had their share; what they leave goes to the rest.
        weights = [(str(number), stock.open) for number, (_, stock) in enumerate(stocks)]
        wanted = min(in_stock - granted, sum(weight for _, weight in weights))
        if not wanted:
            break
        shares = apportion(wanted, weights)
        for (code, stock), share in zip(stocks, shares.values(), strict=True):
            count = min(share, stock.open)
            granted += count
            _grant(books, code, stock, count, _claim_moment(rounds[code], today))
    return granted, crowd - granted, in_stock - granted


def _grant(books: _Books, round_code: str, stock: _Stock, count: int, claimed_at: datetime) -> None:
    stock.left -= count
    use(count, stock.allowances)
    books.move_all(stock.contents, count, "released", "outstanding")
    for offer, each in stock.contents.items():
        sold = books.definition.offer(offer).sold
        books.proceeds_fen += sold.price_fen * count if sold else 0
        _plan_use(books, round_code, offer, count * each, claimed_at)


def _claim_moment(a_round: RoundDefinition, today: date) -> datetime:
    noon = day_start(today) + timedelta(hours=12)
    return min(max(noon, a_round.opens_at), a_round.closes_at - TICK)


def _plan_use(books: _Books, round_code: str, code: str, count: int, claimed_at: datetime) -> None:
    """Spread what will be used over the days of validity; the shorter the usual delay, the more at the beginning."""
    terms = books.definition.offer(code).terms
    start = bureau_day(terms.valid_from(claimed_at=claimed_at))
    expires_at = terms.expires_at(claimed_at=claimed_at, campaign_ends_at=books.definition.ends_at)
    last = bureau_day(expires_at - TICK)
    used, books.left_over[code] = divmod(books.left_over[code] + count * books.demand.redemption_rate, 10_000)
    window = max((last - start).days + 1, 1)
    # Of those not used yet, the same part is used each day: in the mean after days_to_use days. What would fall
    # behind the end is used within it, since the rate is of all that are ever used.
    stay = books.demand.days_to_use / (books.demand.days_to_use + 1)
    within = 1 - stay**window
    done = 0
    for number in range(window):
        # Rounded, not cut: cut, the last one of a small crowd would wait until the end of validity.
        so_far = used if number == window - 1 else round(used * (1 - stay ** (number + 1)) / within)
        if so_far > done:
            books.uses[start + timedelta(days=number)][code] += so_far - done
        done = so_far
        if done == used:
            break
    if count > used:
        books.expiries[last + timedelta(days=1)][code] += count - used
        books.own_back[last + timedelta(days=1)][round_code] += (count - used) * books.parts({code: 1}).total()


def _redeem(books: _Books, today: date) -> int:
    used = books.uses.pop(today, {})
    for code, count in used.items():
        price = books.prices[code]
        for source, fen in price.set_aside.items():
            books.move(source, fen * count, "outstanding", "redeemed")
            # What one may be worth and was not goes back.
            books.move(source, (fen - price.paid[source]) * count, "redeemed", "pool")
    return sum(used.values())


def _runs_out(prices: Mapping[str, _Price], days: list[Day]) -> dict[str, date | None]:
    smallest: dict[str, int] = {}
    for price in prices.values():
        for source, fen in price.set_aside.items():
            smallest[source] = min(fen, smallest.get(source, fen))

    def first_without(source: str) -> date | None:
        left = ((day.day, day.money[source].pool + day.money[source].released) for day in days)
        return next((day for day, fen in left if fen < smallest.get(source, 0)), None)

    return {source: first_without(source) for source in days[0].money}
