"""An installation that has traded for long: bots in position, orders, fills and money by the million, in plain SQL."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.models import Role, User
from accounts.notification_models import Notification
from bots.models import Bot, BotStatus
from exchanges.models import Exchange, ExchangeAccount, PaperSource
from exchanges.quote_log import source_of
from trading.models import Cycle, Fill, LedgerLine, LineKind, Order, Position, Purpose, TradeLog

GALA, CHZ = "GALA/USDT:USDT", "CHZ/USDT:USDT"
ACCOUNTS = 4
SPAN = timedelta(days=365)
LADDER = [{"times": k, "spread": 1.0 + k / 4, "multiplier": 1.0 + k / 4} for k in range(1, 7)]


@dataclass(frozen=True)
class Installation:
    owner: User
    account: ExchangeAccount
    bot: Bot


def build(*, bots: int, orders: int) -> Installation:
    """One trader's: every order has a fill and a line of money, every bot an open cycle among its past ones."""
    owner = User.objects.create(
        username="trader", email="trader@example.org", role=Role.ADMIN, is_staff=True, is_superuser=True
    )
    accounts = [_account(owner, number) for number in range(1, ACCOUNTS + 1)]
    first = _bot(owner, accounts[0])
    multiply(first, bots - 1, bot_name="'Pair ' || n", exchange_account_id=f"{accounts[0].pk} + n % {ACCOUNTS}")
    _histories(first, bots, orders)
    _news(owner, 20_000)
    _chart(first)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # as it is after a night
    return Installation(owner, accounts[0], first)


def multiply(row: Model, copies: int, **expressions: str) -> None:
    """`copies` of a saved row; an expression may use the copy's number `n` (from 1) and columns of `row`."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(expressions.get(field.column, f't."{field.column}"') for field in fields)
    table = row._meta.db_table
    source = f"{table} t, generate_series(1, {copies}) n WHERE t.id = {row.pk}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {source}")


def _account(owner: User, number: int) -> ExchangeAccount:
    return ExchangeAccount.objects.create(
        owner=owner,
        exchange=Exchange.PAPER,
        label=f"Paper {number}",
        paper_venue=Exchange.BINANCE,
        paper_source=PaperSource.SIMULATED,
        paper_config={"seed": number},
    )


def _bot(owner: User, account: ExchangeAccount) -> Bot:
    return Bot.objects.create(
        owner=owner,
        exchange_account=account,
        bot_name="Pair 0",
        market1_symbol=GALA,
        market2_symbol=CHZ,
        start_time=timezone.now() - SPAN,
        market1_start_price=Decimal("0.035"),
        market2_start_price=Decimal("0.085"),
        investment_per_order=Decimal(100),
        max_position_value=Decimal(2040),
        dca_config=LADDER,
        status=BotStatus.RUNNING,
        level=1,
        side=-1,
        invested=Decimal(100),
        current_cycle=50,
    )


def _histories(bot: Bot, bots: int, orders: int) -> None:
    """Bots take turns, so that the newest rows belong to many of them."""
    account, began = bot.exchange_account, timezone.now() - SPAN
    of_bot = f"{bot.pk} + n % {bots}"
    of_account = f"{account.pk} + (n % {bots}) % {ACCOUNTS}"
    at = f"t.created_at + n * interval '{SPAN.total_seconds() / orders} seconds'"
    held = {"bot": bot, "account": account, "symbol": GALA}
    priced = {"side": "sell", "amount": Decimal(2800), "fee": Decimal("0.05"), "fee_currency": "USDT"}
    order = Order.objects.create(
        **held,
        **priced,
        purpose=Purpose.OPEN,
        client_order_id="c0",
        order_type="ioc",
        filled_amount=Decimal(2800),
        average_price=Decimal("0.0357"),
        cost=Decimal(100),
        status="closed",
        market_time=began,
    )
    Order.objects.filter(pk=order.pk).update(created_at=began)
    owned = {"bot_id": of_bot, "account_id": of_account}
    multiply(order, orders - 1, **owned, client_order_id="'c' || n", cycle_number="n / 20000", created_at=at)
    fill = Fill.objects.create(
        order=order, account=account, symbol=GALA, trade_id="0", price=Decimal("0.0357"), at=began, **priced
    )
    at = at.replace("created_at", "at")
    multiply(fill, orders - 1, account_id=of_account, order_id=f"{order.pk} + n", trade_id="n::text", at=at)
    line = LedgerLine.objects.create(
        **held, kind=LineKind.FEE, amount=Decimal("-0.05"), currency="USDT", at=began, fill=fill
    )
    LedgerLine.objects.filter(pk=line.pk).update(created_at=began)
    multiply(line, orders - 1, **owned, fill_id=f"{fill.pk} + n", at=at, created_at=at)
    log = TradeLog.objects.create(bot=bot, log_type="info", message="Opened", details={"code": "opened"})
    multiply(log, orders // 5, bot_id=of_bot)
    _cycles(bot, bots, began)


def _cycles(bot: Bot, bots: int, began: object) -> None:
    cycle = Cycle.objects.create(bot=bot, number=1, side=-1, levels=1, opened_at=began, open_spread=1.0)
    for number in range(2, 50):
        multiply(cycle, bots, number=str(number), bot_id=f"{bot.pk} + n - 1", closed_at="t.opened_at")
    position = Position.objects.create(
        bot=bot,
        account=bot.exchange_account,
        cycle_number=50,
        leg=1,
        symbol=GALA,
        side="short",
        amount=Decimal(2800),
        cost=Decimal(-100),
        entry_price=Decimal("0.0357"),
        opened_at=began,
    )
    account = f"{bot.exchange_account_id} + n % {ACCOUNTS}"
    multiply(position, bots - 1, bot_id=f"{bot.pk} + n", account_id=account)
    second = {"leg": "2", "symbol": f"'{CHZ}'", "side": "'long'", "amount": "1180", "entry_price": "0.0847"}
    first_account = f"{bot.exchange_account_id} + (n - 1) % {ACCOUNTS}"
    multiply(position, bots, bot_id=f"{bot.pk} + n - 1", account_id=first_account, **second)


def _chart(bot: Bot) -> None:
    """30 days of minutes of one bot, and 48 h of quotes of its markets and others, written in turn."""
    end = timezone.now().replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO spread_history (bot_id, kind, recorded_at, market1_price, market2_price, spread_percentage,"
            " spread_open, spread_high, spread_low, stored_on)"
            " SELECT %s, 'minute', %s - n * interval '1 minute', 0.035, 0.085, s, s, s + 0.1, s - 0.1, CURRENT_DATE"
            " FROM (SELECT n, 3 * sin(n / 97.0) AS s FROM generate_series(0, %s) n) AS minutes",
            [bot.pk, end, 30 * 24 * 60],
        )
        cursor.execute(
            "INSERT INTO market_quotes (source, symbol, at, price, stored_on)"
            " SELECT %s, m.symbol, %s - n * interval '5 s', m.price * (1 + sin(n / 50.0) / 100), CURRENT_DATE"
            " FROM generate_series(0, %s) n, (VALUES (%s, 0.035), (%s, 0.085), ('A', 1), ('B', 1), ('C', 1),"
            " ('D', 1), ('E', 1), ('F', 1), ('G', 1), ('H', 1)) AS m (symbol, price)",
            [source_of(bot.exchange_account), end, 48 * 720, GALA, CHZ],
        )


def _news(owner: User, count: int) -> None:
    news = Notification.objects.create(
        owner=owner, kind="trade", severity="info", title="Pair 0", text="Opened short the spread.", is_routed=True
    )
    multiply(news, count - 1)
