"""REST paths under /api/v1/."""

from django.urls import path

from trading.api import backtests as api_backtests
from trading.api import books as api
from trading.api import manual_orders as api_manual_orders
from trading.api import parity as api_parity
from trading.api import reconciliation as api_reconciliation
from trading.api import rehearsal as api_rehearsal
from trading.api import risk as api_risk
from trading.api import scans as api_scans
from trading.api import searches as api_searches

urlpatterns = [
    path("exchanges/<int:account_id>/reconcile", api_reconciliation.ReconcileView.as_view(), name="api-reconcile"),
    path(
        "exchanges/<int:account_id>/differences", api_reconciliation.DifferencesView.as_view(), name="api-differences"
    ),
    path(
        "exchanges/<int:account_id>/differences/<int:difference_id>/settle",
        api_reconciliation.SettleView.as_view(),
        name="api-difference-settle",
    ),
    path("exchanges/<int:account_id>/rehearsal", api_rehearsal.RehearsalView.as_view(), name="api-account-rehearsal"),
    path("exchanges/<int:account_id>/equation", api_reconciliation.EquationView.as_view(), name="api-equation"),
    path(
        "account/<int:account_id>/orders/<int:order_id>/settle",
        api_reconciliation.DeclareView.as_view(),
        name="api-account-order-settle",
    ),
    path("orders", api.OrdersView.as_view(), name="api-orders"),
    path("orders/<int:bot_id>/orders", api.BotOrdersView.as_view(), name="api-orders-of-bot"),
    path("bots/<int:bot_id>/orders", api.BotOrdersView.as_view(), name="api-bot-orders"),
    path("bots/<int:bot_id>/positions", api.BotPositionsView.as_view(), name="api-bot-positions"),
    path("bots/<int:bot_id>/logs", api.BotLogsView.as_view(), name="api-bot-logs"),
    path("bots/<int:bot_id>/spread-history", api.BotSpreadView.as_view(), name="api-bot-spread"),
    path("bots/<int:bot_id>/parity", api_parity.ParityView.as_view(), name="api-bot-parity"),
    path("account/<int:account_id>/orders", api_manual_orders.AccountOrdersView.as_view(), name="api-account-orders"),
    path(
        "account/<int:account_id>/orders/open",
        api_manual_orders.AccountOpenOrdersView.as_view(),
        name="api-account-orders-open",
    ),
    path(
        "account/<int:account_id>/orders/closed",
        api_manual_orders.AccountClosedOrdersView.as_view(),
        name="api-account-orders-closed",
    ),
    path(
        "account/<int:account_id>/orders/at-exchange/<str:number>",
        api_manual_orders.ForeignOrderView.as_view(),
        name="api-account-order-foreign",
    ),
    path(
        "account/<int:account_id>/orders/<int:order_id>",
        api_manual_orders.AccountOrderView.as_view(),
        name="api-account-order",
    ),
    path("risk", api_risk.RiskView.as_view(), name="api-risk"),
    path("risk/limits/<str:scope>/<int:target_id>", api_risk.TargetLimitsView.as_view(), name="api-risk-limits"),
    path("risk/kill-switch", api_risk.KillSwitchView.as_view(), name="api-risk-kill-switch"),
    path("risk/stress", api_risk.StressView.as_view(), name="api-risk-stress"),
    path("backtests", api_backtests.BacktestsView.as_view(), name="api-backtests"),
    path("backtests/optimize", api_searches.OptimizeView.as_view(), name="api-backtest-optimize"),
    path("backtests/<int:backtest_id>/search", api_searches.SearchView.as_view(), name="api-backtest-search"),
    path("backtests/<int:backtest_id>/resume", api_searches.ResumeView.as_view(), name="api-backtest-resume"),
    path("backtests/<int:backtest_id>/trials", api_searches.TrialsView.as_view(), name="api-backtest-trials"),
    path("backtests/<int:backtest_id>/heat-map", api_searches.HeatMapView.as_view(), name="api-backtest-heat-map"),
    path("backtests/<int:backtest_id>", api_backtests.BacktestView.as_view(), name="api-backtest"),
    path("backtests/<int:backtest_id>/cancel", api_backtests.CancelView.as_view(), name="api-backtest-cancel"),
    path("backtests/<int:backtest_id>/trades", api_backtests.TradesView.as_view(), name="api-backtest-trades"),
    path("backtests/<int:backtest_id>/equity", api_backtests.EquityView.as_view(), name="api-backtest-equity"),
    path("backtests/<int:backtest_id>/chart", api_backtests.ChartView.as_view(), name="api-backtest-chart"),
    path("pairs/scan", api_scans.StartScanView.as_view(), name="api-pairs-scan"),
    path("pairs/scans", api_scans.ScansView.as_view(), name="api-pairs-scans"),
    path("pairs/scans/<int:scan_id>", api_scans.ScanView.as_view(), name="api-pairs-scan-one"),
    path("pairs/scans/<int:scan_id>/cancel", api_scans.CancelScanView.as_view(), name="api-pairs-scan-cancel"),
    path("pairs/scans/<int:scan_id>/pairs", api_scans.ScannedPairsView.as_view(), name="api-pairs-scan-pairs"),
    path("backtests/<int:backtest_id>/report", api_backtests.ReportView.as_view(), name="api-backtest-report"),
]
