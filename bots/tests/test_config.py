"""Rows to core tuples."""

from datetime import UTC, datetime
from decimal import Decimal

from bots.config import core_config, core_quote, core_state
from bots.models import AllowedSide, Bot, Opening, PnlBasis, ProfitMode
from bots.tests.factories import CHZ, GALA, bot_fields, market_rules
from exchanges.adapters.base import VenueQuote
from trading.models import Position

NOW = datetime(2025, 1, 2, tzinfo=UTC)


def leg(number: int, side: str, **figures: str) -> Position:
    return Position(leg=number, side=side, **{name: Decimal(text) for name, text in figures.items()})


def test_config_takes_every_rule_of_the_row() -> None:
    bot = Bot(
        **bot_fields(
            max_dca_times=2,
            profit_mode=ProfitMode.REGRESSION,
            profit_ratio=Decimal("0.8"),
            stop_loss_ratio=Decimal(0),
            pnl_basis=PnlBasis.GROSS,
            opening=Opening.MOMENTUM,
            allowed_side=AllowedSide.LONG_SPREAD,
        )
    )
    config = core_config(bot, market_rules(GALA, fee="0.0004"), market_rules(CHZ))
    assert config.levels == 2
    assert config.spreads[:2] == (1.0, 1.0)
    assert config.multipliers[:2] == (1.0, 1.2)
    assert (config.investment, config.cap) == (100.0, 2040.0)
    assert (config.regression, config.take_profit, config.stop_loss, config.net) == (True, 0.8, 0.0, False)
    assert (config.momentum, config.allow_long, config.allow_short) == (True, True, False)
    assert (config.fee1, config.fee2, config.slippage) == (0.0004, 0.0005, 0.0)
    assert (config.start1, config.start2) == (0.035, 0.085)


def test_state_while_flat_is_the_reference_alone() -> None:
    state = core_state(Bot(**bot_fields(reference_spread=-1.5)), [])
    assert (state.level, state.side, state.reference, state.q1, state.cost) == (0, 0, -1.5, 0.0, 0.0)


def test_state_in_position_sums_both_legs_with_their_signs() -> None:
    bot = Bot(**bot_fields(level=2, side=-1, first_spread=1.0, last_spread=2.0, invested=Decimal(220)))
    legs = [
        leg(1, "short", amount="600", cost="-21", fees="0.02", funding="1"),
        leg(2, "long", amount="250", cost="21.5", fees="0.03", funding="-2"),
    ]
    state = core_state(bot, legs)
    assert (state.q1, state.q2, state.cost, state.fees, state.funding) == (-600.0, 250.0, 0.5, 0.05, -1.0)
    assert (state.level, state.side, state.first_spread, state.last_spread, state.invested) == (2, -1, 1.0, 2.0, 220.0)


def test_quote_uses_mids_unless_prices_are_given() -> None:
    q1 = VenueQuote(GALA, Decimal(1), Decimal(3), NOW, NOW, Decimal(2))
    q2 = VenueQuote(CHZ, Decimal(4), Decimal(6), NOW, NOW, Decimal(5))
    assert core_quote(q1, q2) == (2.0, 5.0, 1.0, 3.0, 4.0, 6.0)
    assert core_quote(q1, q2, Decimal("2.5"), Decimal("5.5"))[:2] == (2.5, 5.5)
