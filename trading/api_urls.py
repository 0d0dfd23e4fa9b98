"""REST paths under /api/v1/."""

from django.urls import path

from trading import api, api_backtests, api_parity, api_searches

urlpatterns = [
    path("orders", api.OrdersView.as_view(), name="api-orders"),
    path("orders/<int:bot_id>/orders", api.BotOrdersView.as_view(), name="api-orders-of-bot"),
    path("bots/<int:bot_id>/orders", api.BotOrdersView.as_view(), name="api-bot-orders"),
    path("bots/<int:bot_id>/positions", api.BotPositionsView.as_view(), name="api-bot-positions"),
    path("bots/<int:bot_id>/logs", api.BotLogsView.as_view(), name="api-bot-logs"),
    path("bots/<int:bot_id>/spread-history", api.BotSpreadView.as_view(), name="api-bot-spread"),
    path("bots/<int:bot_id>/parity", api_parity.ParityView.as_view(), name="api-bot-parity"),
    path("account/<int:account_id>/orders", api.AccountOrdersView.as_view(), name="api-account-orders"),
    path("account/<int:account_id>/orders/open", api.AccountOpenOrdersView.as_view(), name="api-account-orders-open"),
    path(
        "account/<int:account_id>/orders/closed",
        api.AccountClosedOrdersView.as_view(),
        name="api-account-orders-closed",
    ),
    path("account/<int:account_id>/orders/<int:order_id>", api.AccountOrderView.as_view(), name="api-account-order"),
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
    path("backtests/<int:backtest_id>/report", api_backtests.ReportView.as_view(), name="api-backtest-report"),
]
