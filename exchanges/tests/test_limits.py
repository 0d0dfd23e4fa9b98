"""The shared budget: who may ask, who has to wait, and what happens when nobody can count."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from exchanges import limits
from exchanges.adapters.venues import VENUES, Bucket, Capabilities, Cost
from exchanges.errors import RateLimited
from exchanges.limits import SharedBudget

ONE = Cost(1, ("all",))


@pytest.fixture
def venue() -> Capabilities:
    """A venue of its own, which allows 100 requests a minute: 90 are used, 72 of them by everybody."""
    return replace(VENUES["bybit"], exchange=f"test{uuid4().hex}", buckets={"all": Bucket(100, 60)})


def spent(budget: SharedBudget, *, closing: bool = False, cost: Cost = ONE) -> int:
    """How often it can be asked until it refuses."""
    for count in range(1_000):
        try:
            budget.spend(cost, closing=closing)
        except RateLimited:
            return count
    raise AssertionError("it never refuses")


def test_a_share_is_kept_for_closing(venue: Capabilities) -> None:
    budget = SharedBudget(venue)
    assert spent(budget) == 72
    assert spent(budget, closing=True) == 18


def test_history_takes_less(venue: Capabilities) -> None:
    assert spent(SharedBudget(venue, share=limits.FOR_HISTORY)) == 54
    assert spent(SharedBudget(venue)) == 18  # what is left of everybody's share
    assert spent(SharedBudget(venue), closing=True) == 18  # the reserve is there all the same


def test_what_is_unhurried_leaves_the_reserve_alone(venue: Capabilities) -> None:
    budget = SharedBudget(venue)
    with limits.unhurried():
        assert spent(budget, closing=True) == 72
    assert spent(budget, closing=True) == 18


def test_weights_count(venue: Capabilities) -> None:
    assert spent(SharedBudget(venue), cost=Cost(10, ("all",))) == 7


def test_one_budget_for_everybody(venue: Capabilities) -> None:
    """Of many clients, in threads here, in processes elsewhere."""
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: spent(SharedBudget(venue)), range(8)))
    assert sum(counts) == 72


def test_what_a_venue_counts_by_account_is_counted_so(venue: Capabilities) -> None:
    apart = replace(venue, buckets={"all": Bucket(100, 60, "account")})
    assert spent(SharedBudget(apart, account="a")) == spent(SharedBudget(apart, account="b")) == 72


def test_a_testnet_has_a_budget_of_its_own(venue: Capabilities) -> None:
    assert spent(SharedBudget(venue)) == spent(SharedBudget(venue, testnet=True)) == 72


def test_everybody_stays_away_when_one_was_told_to(venue: Capabilities) -> None:
    SharedBudget(venue).stay_away(60, everybody=True)
    for closing in (False, True):
        with pytest.raises(RateLimited) as refusal:
            SharedBudget(venue).spend(ONE, closing=closing)
        assert 50 < refusal.value.retry_after_s <= 60


def test_a_shorter_wish_does_not_end_a_ban(venue: Capabilities) -> None:
    SharedBudget(venue).stay_away(60, everybody=True)
    SharedBudget(venue).stay_away(1, everybody=True)
    with pytest.raises(RateLimited) as refusal:
        SharedBudget(venue).spend(ONE, closing=True)
    assert refusal.value.retry_after_s > 50
    SharedBudget(venue).stay_away(120, everybody=True)
    with pytest.raises(RateLimited) as refusal:
        SharedBudget(venue).spend(ONE, closing=True)
    assert refusal.value.retry_after_s > 100


def test_one_account_stays_away_alone(venue: Capabilities) -> None:
    SharedBudget(venue, account="a").stay_away(60, everybody=False)
    with pytest.raises(RateLimited):
        SharedBudget(venue, account="a").spend(ONE, closing=True)
    SharedBudget(venue, account="b").spend(ONE, closing=False)


def test_a_refusal_says_how_long_to_wait(venue: Capabilities) -> None:
    budget = SharedBudget(venue)
    spent(budget)
    with pytest.raises(RateLimited) as refusal:
        budget.spend(ONE, closing=False)
    assert 0 < refusal.value.retry_after_s <= 60


@pytest.fixture
def no_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


def test_without_redis_closing_goes_on_and_the_rest_is_little(venue: Capabilities, no_redis: None) -> None:
    budget = SharedBudget(venue)
    assert spent(budget) == 10
    for _ in range(200):
        budget.spend(ONE, closing=True)


def test_without_redis_a_ban_is_still_known_here(venue: Capabilities, no_redis: None) -> None:
    budget = SharedBudget(venue)
    budget.stay_away(60, everybody=True)
    with pytest.raises(RateLimited):
        budget.spend(ONE, closing=True)


@pytest.mark.parametrize("name", sorted(VENUES))
def test_every_cost_names_buckets_of_its_venue(name: str) -> None:
    venue = VENUES[name]
    for cost in (*venue.costs.values(), venue.default_cost):
        assert set(cost.buckets) <= set(venue.buckets)
        assert all(cost.weight <= venue.buckets[bucket].limit * limits.ALONE * 5 for bucket in cost.buckets)
