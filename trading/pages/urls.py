"""Addresses of the orders, of risk, of back-tests and of the pairs scanner."""

from django.urls import path

from trading.pages import backtest_form as pages_backtest_form
from trading.pages import backtests as pages_backtests
from trading.pages import orders as pages
from trading.pages import risk as pages_risk
from trading.pages import scan_urls as pages_scan_urls
from trading.pages import search_urls as pages_search_urls

backtests = [
    path("backtests/", pages_backtests.list_page, name="backtests"),
    path("backtests/new", pages_backtest_form.new_page, name="backtests-new"),
    path("backtests/compare", pages_backtests.compare_page, name="backtests-compare"),
    path("backtests/<int:backtest_id>/", pages_backtests.backtest_page, name="backtest"),
    path("backtests/<int:backtest_id>/chart", pages_backtests.chart_data, name="backtest-chart"),
    path("backtests/<int:backtest_id>/report", pages_backtests.report_file, name="backtest-report"),
    path("backtests/<int:backtest_id>/cancel", pages_backtests.cancel_post, name="backtest-cancel"),
    path("backtests/<int:backtest_id>/delete", pages_backtests.delete_post, name="backtest-delete"),
]

urlpatterns = [
    path("orders/", pages.orders_page, name="orders"),
    path("orders/export.csv", pages.orders_export, name="orders-export"),
    path("risk/", pages_risk.risk_page, name="risk"),
    path("risk/limits", pages_risk.limits_post, name="risk-limits"),
    path("risk/kill-switch", pages_risk.switch_post, name="risk-kill-switch"),
    *backtests,
    *pages_search_urls.urlpatterns,
    *pages_scan_urls.urlpatterns,
]
