"""History is read here, never written: the ledger is its only writer."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.admin_parts import LookOnly, chosen_by, figure, moment, text
from bots.journal.lines import sentence
from bots.journal.words import SIDES as OF_SPREAD
from bots.templatetags.words import ORDER_STATUS
from exchanges.errors import DomainError
from trading import admin_risk as admin_risk
from trading.admin_search import Past
from trading.backtests import services
from trading.models import Backtest, Cycle, Difference, Fill, LedgerLine, Order, Position, Trade, TradeLog

SIDES = {"buy": _("Buy"), "sell": _("Sell")}
MONEY = {"USDT": "USDT", "USDC": "USDC"}


def _bot() -> Any:
    return text("bot", _("Bot"))


@admin.register(Order)
class OrderAdmin(Past):
    list_display = [
        text("id", _("Number")),
        moment("created_at", _("Time")),
        _bot(),
        text("symbol", _("Symbol")),
        text("side", _("Side")),
        text("purpose", _("Purpose")),
        figure("amount", _("Amount")),
        figure("filled_amount", _("Filled")),
        figure("average_price", _("Average price")),
        text("status", _("Status"), ORDER_STATUS),
    ]
    list_filter = [chosen_by("status", _("Status"), ORDER_STATUS), "purpose", "side", "account__exchange"]
    whole = ("client_order_id", "exchange_order_id")
    words = {"status": ORDER_STATUS}
    list_select_related = ["bot"]


@admin.register(Fill)
class FillAdmin(Past):
    list_display = [
        text("id", _("Number")),
        moment("at", _("Time")),
        text("account", _("Account")),
        text("symbol", _("Symbol")),
        text("side", _("Side"), SIDES),
        figure("amount", _("Amount")),
        figure("price", _("Price")),
        figure("fee", _("Fee")),
        text("fee_currency", _("Fee currency")),
        figure("realised_pnl", _("P&L"), places=4, signed=True),
    ]
    list_filter = [chosen_by("side", _("Side"), SIDES), "account__exchange"]
    whole = ("trade_id",)
    of_bot = "order__bot"
    words = {"side": SIDES}
    list_select_related = ["account"]
    ordering = ["-id"]


@admin.register(Position)
class PositionAdmin(Past):
    list_display = [
        text("id", _("Number")),
        _bot(),
        text("cycle_number", _("Cycle")),
        text("symbol", _("Symbol")),
        text("side", _("Side")),
        figure("amount", _("Amount")),
        figure("entry_price", _("Entry")),
        figure("realized_pnl", _("Realised"), places=4, signed=True),
        "is_open",
        moment("opened_at", _("Opened")),
        moment("closed_at", _("Closed")),
    ]
    list_filter = ["is_open", "side"]
    list_select_related = ["bot"]


@admin.register(Trade)
class TradeAdmin(Past):
    list_display = [
        text("id", _("Number")),
        moment("decided_at", _("Decided")),
        _bot(),
        text("cycle_number", _("Cycle")),
        text("level", _("Level")),
        text("action", _("Action")),
        text("reason", _("Reason")),
        figure("spread", _("Spread, pp"), places=2, signed=True),
        figure("naked_ms", _("Naked, ms"), places=0),
        text("status", _("Status")),
    ]
    list_filter = ["action", "status", "reason"]
    has_symbol = False
    words = {"side": OF_SPREAD}
    list_select_related = ["bot"]


@admin.register(Cycle)
class CycleAdmin(Past):
    list_display = [
        text("id", _("Number")),
        _bot(),
        text("number", _("Cycle")),
        text("levels", _("Levels")),
        moment("opened_at", _("Opened")),
        moment("closed_at", _("Closed")),
        text("reason", _("Closed by")),
        figure("realised_pnl", _("Net P&L"), places=2, signed=True),
        figure("fees", _("Fees"), places=2),
    ]
    list_filter = ["reason"]
    has_symbol = False
    words = {"side": OF_SPREAD}
    list_select_related = ["bot"]
    ordering = ["-id"]


@admin.register(LedgerLine)
class LedgerLineAdmin(Past):
    list_display = [
        text("id", _("Number")),
        moment("at", _("Time")),
        text("account", _("Account")),
        _bot(),
        text("kind", _("Kind")),
        figure("amount", _("Amount"), signed=True),
        text("currency", _("Currency")),
        text("symbol", _("Symbol")),
    ]
    list_filter = ["kind", chosen_by("currency", _("Currency"), MONEY)]
    list_select_related = ["account", "bot"]
    ordering = ["-id"]


@admin.register(TradeLog)
class TradeLogAdmin(Past):
    list_display = [moment("created_at", _("Time")), _bot(), text("log_type", _("Kind")), "what"]
    list_filter = ["log_type"]
    has_symbol = False
    exclude = ["message"]
    list_select_related = ["bot"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["what", *super().get_fields(request, obj)]

    @admin.display(description=_("What"))
    def what(self, log: TradeLog) -> str:
        """In the reader's language."""
        return sentence(log)


@admin.register(Difference)
class DifferenceAdmin(LookOnly):
    """Decided by the owner, on the account's page."""

    list_display = [
        moment("found_at", _("Found")),
        text("account", _("Account")),
        text("kind", _("Kind")),
        text("symbol", _("Symbol")),
        text("ours", _("Ours")),
        text("theirs", _("The exchange's")),
        text("status", _("Status")),
        text("settled_by", _("Decided by")),
        moment("settled_at", _("Settled")),
    ]
    list_filter = ["status", "kind"]
    search_fields = ["symbol", "account__label", "account__owner__username"]
    list_select_related = ["account", "settled_by"]


@admin.register(Backtest)
class BacktestAdmin(LookOnly):
    """What runs is ended, and what takes room is deleted, by the same rules as its owner's own."""

    list_display = [
        text("name", _("Name")),
        text("owner", _("Owner")),
        text("kind", _("Kind")),
        text("market1_symbol", _("Market 1")),
        text("market2_symbol", _("Market 2")),
        text("timeframe", _("Candle")),
        text("status", _("Status")),
        "progress",
        moment("created_at", _("Asked for")),
        moment("finished_at", _("Ended")),
    ]
    list_filter = ["status", "kind", "strategy", "exchange"]
    search_fields = ["name", "owner__username", "market1_symbol", "market2_symbol"]
    list_select_related = ["owner"]
    actions = ["cancel", "delete"]

    @admin.display(description=_("Progress"))
    def progress(self, backtest: Backtest) -> str:
        return f"{backtest.done:,} / {backtest.total:,}"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is edited here; the actions need the right to change back-tests."""
        return obj is None and ModelAdmin.has_change_permission(self, request, obj)

    @admin.action(description=_("Cancel the selected ones"), permissions=["change"])
    def cancel(self, request: HttpRequest, backtests: QuerySet[Backtest]) -> None:
        for backtest in backtests:
            try:
                services.backtest_cancel(actor=None, backtest=backtest, now=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{backtest}: {error.message}", messages.WARNING)

    @admin.action(description=_("Delete the selected ones with their results"), permissions=["change"])
    def delete(self, request: HttpRequest, backtests: QuerySet[Backtest]) -> None:
        for backtest in backtests:
            try:
                services.backtest_delete(actor=None, backtest=backtest)
            except DomainError as error:
                self.message_user(request, f"{backtest}: {error.message}", messages.WARNING)
