"""The rules over all figures: what they block, when, and what they never block."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading.core.risk import RULES, Does, Facts, Intended, Limits, Rule, first_block, verdicts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIGURES = [rule for rule in Rule if rule not in (Rule.SYMBOLS, Rule.EXCHANGES)]

money = st.decimals(min_value=0, max_value=10**6, places=2)
positive = st.decimals(min_value="0.01", max_value=10**6, places=2)
signed = st.decimals(min_value=-(10**6), max_value=10**6, places=2)
few = st.integers(0, 20)
moments = st.integers(0, 200).map(lambda minutes: NOW - timedelta(minutes=minutes))
names = st.frozensets(st.sampled_from(["A", "B", "C"]))

some_limits = st.builds(
    Limits,
    max_gross_exposure=st.none() | positive,
    max_net_exposure=st.none() | positive,
    max_open_pairs=st.none() | st.integers(1, 20),
    max_order_value=st.none() | positive,
    max_equity_share=st.none() | positive,
    max_loss_day=st.none() | positive,
    max_loss_week=st.none() | positive,
    max_drawdown=st.none() | positive,
    max_orders_per_minute=st.none() | st.integers(1, 20),
    cooldown_losses=st.none() | st.integers(1, 20),
    cooldown_minutes=st.integers(1, 120),
    churn_cycles=st.none() | st.integers(1, 20),
    churn_minutes=st.integers(1, 120),
    max_leverage=st.none() | st.integers(1, 125),
    allowed_symbols=names,
    allowed_exchanges=names,
)
some_facts = st.builds(
    Facts,
    now=st.just(NOW),
    gross=money,
    net=signed,
    open_pairs=few,
    pair_value=money,
    equity=st.none() | money,
    loss_day=money,
    loss_week=money,
    fall=st.none() | signed,
    fall_of=st.none() | money,
    orders_last_minute=few,
    losses=few,
    lost_at=st.none() | moments,
    closed_at=st.lists(moments, max_size=8).map(tuple),
)
some_order = st.builds(
    Intended,
    gross=money,
    net=signed,
    largest=money,
    orders=st.integers(0, 4),
    leverage=st.integers(0, 125),
    symbols=names,
    exchanges=names,
)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a machine that has other things to do."""


@UNHURRIED
@given(some_limits, some_facts, some_order)
def test_nothing_that_reduces_is_ever_blocked(limits: Limits, facts: Facts, order: Intended) -> None:
    assert first_block(verdicts(limits, facts, replace(order, reduces=True))) is None


@UNHURRIED
@given(some_facts, some_order)
def test_without_limits_nothing_is_judged(facts: Facts, order: Intended) -> None:
    assert verdicts(Limits(), facts, order) == ()


@UNHURRIED
@given(some_limits, some_facts, some_order)
def test_one_verdict_for_each_limit_that_is_set(limits: Limits, facts: Facts, order: Intended) -> None:
    given_rules = [rule for rule in Rule if getattr(limits, rule)]
    assert [verdict.rule for verdict in verdicts(limits, facts, order)] == given_rules


@UNHURRIED
@given(some_limits, some_facts, some_order)
def test_what_blocks_is_at_or_over_its_limit(limits: Limits, facts: Facts, order: Intended) -> None:
    for verdict in verdicts(limits, facts, order):
        if verdict.blocks:
            assert verdict.share_used >= 1 or verdict.value is None
        elif verdict.rule != Rule.NET:
            assert verdict.share_used < 1 or (verdict.share_used == 1 and verdict.does == Does.REFUSES)


@UNHURRIED
@given(some_limits, some_facts, some_order, st.sampled_from(FIGURES))
def test_a_tighter_limit_never_lets_more_through(limits: Limits, facts: Facts, order: Intended, rule: Rule) -> None:
    was = RULES[rule](limits, facts, order)
    if was is None or not was.blocks:
        return
    limit = getattr(limits, rule)
    tighter = max(limit - 1, 1) if isinstance(limit, int) else limit / 2
    changed: dict[str, Any] = {rule.value: tighter}
    now = RULES[rule](replace(limits, **changed), facts, order)
    assert now is not None
    assert now.blocks


@UNHURRIED
@given(some_limits, some_facts, some_order)
def test_everything_blocks_for_a_reason_that_ends_later(limits: Limits, facts: Facts, order: Intended) -> None:
    for verdict in verdicts(limits, facts, order):
        assert verdict.until is None or verdict.until > NOW


def judged(rule: Rule, limits: Limits, facts: Facts, order: Intended | None = None) -> tuple[bool, Decimal]:
    verdict = RULES[rule](limits, facts, order or Intended())
    assert verdict is not None
    return verdict.blocks, round(verdict.share_used, 3)


D = Decimal


@pytest.mark.parametrize(
    ("rule", "limits", "facts", "order", "expected"),
    [
        (Rule.GROSS, {"max_gross_exposure": D(1000)}, {"gross": D(800)}, {"gross": D(200)}, (False, D(1))),
        (Rule.GROSS, {"max_gross_exposure": D(1000)}, {"gross": D(800)}, {"gross": D("200.01")}, (True, D(1))),
        (Rule.NET, {"max_net_exposure": D(50)}, {"net": D(-40)}, {"net": D(-20)}, (True, D("1.2"))),
        (Rule.NET, {"max_net_exposure": D(50)}, {"net": D(-100)}, {"net": D(20)}, (False, D("1.6"))),
        (Rule.PAIRS, {"max_open_pairs": 2}, {"open_pairs": 3}, {}, (True, D("1.5"))),
        (Rule.ORDER, {"max_order_value": D(100)}, {}, {"largest": D(101)}, (True, D("1.01"))),
        (Rule.SHARE, {"max_equity_share": D(20)}, {"equity": D(1000), "pair_value": D(100)}, {"gross": D(100)},
         (False, D(1))),
        (Rule.SHARE, {"max_equity_share": D(20)}, {"equity": None}, {"gross": D(1)}, (True, D(1))),
        (Rule.LOSS_DAY, {"max_loss_day": D(50)}, {"loss_day": D(50)}, {}, (True, D(1))),
        (Rule.LOSS_WEEK, {"max_loss_week": D(50)}, {"loss_week": D(49)}, {}, (False, D("0.98"))),
        (Rule.DRAWDOWN, {"max_drawdown": D(10)}, {"fall": D(100), "fall_of": D(1000)}, {}, (True, D(1))),
        (Rule.DRAWDOWN, {"max_drawdown": D(10)}, {"fall": D(-5), "fall_of": D(1000)}, {}, (False, D(0))),
        (Rule.ORDERS, {"max_orders_per_minute": 4}, {"orders_last_minute": 3}, {"orders": 2}, (True, D("1.25"))),
        (Rule.LEVERAGE, {"max_leverage": 5}, {}, {"leverage": 10}, (True, D(2))),
        (Rule.SYMBOLS, {"allowed_symbols": frozenset("A")}, {}, {"symbols": frozenset("AB")}, (True, D(1))),
        (Rule.EXCHANGES, {"allowed_exchanges": frozenset("A")}, {}, {"exchanges": frozenset("A")}, (False, D(0))),
    ],
)  # fmt: skip
def test_each_rule_at_its_edge(rule: Rule, limits: dict, facts: dict, order: dict, expected: tuple) -> None:
    assert judged(rule, Limits(**limits), Facts(NOW, **facts), Intended(**order)) == expected


def test_a_cooldown_ends_by_itself_and_a_further_loss_begins_it_anew() -> None:
    limits = Limits(cooldown_losses=3, cooldown_minutes=30)
    fresh = Facts(NOW, losses=3, lost_at=NOW - timedelta(minutes=29))
    assert judged(Rule.COOLDOWN, limits, fresh) == (True, 1)
    assert judged(Rule.COOLDOWN, limits, replace(fresh, now=NOW + timedelta(minutes=1))) == (False, 0)
    assert judged(Rule.COOLDOWN, limits, Facts(NOW, losses=4, lost_at=NOW))[0]
    assert judged(Rule.COOLDOWN, limits, Facts(NOW, losses=2, lost_at=NOW)) == (False, Decimal("0.667"))


def test_churn_ends_when_the_oldest_cycle_has_left_the_span() -> None:
    limits = Limits(churn_cycles=2, churn_minutes=60)
    times = tuple(NOW - timedelta(minutes=minutes) for minutes in (5, 50, 70))
    verdict = RULES[Rule.CHURN](limits, Facts(NOW, closed_at=times), Intended())
    assert verdict is not None
    assert (verdict.blocks, verdict.value, verdict.until) == (True, 2, NOW + timedelta(minutes=10))


def test_every_limit_has_its_rule() -> None:
    spans = {"cooldown_minutes", "churn_minutes"}
    assert {field.name for field in fields(Limits)} - spans == set(Rule) == set(RULES)
