"""Addresses of the orders and of back-tests."""

from django.urls import path

from trading import pages, pages_backtest_form, pages_backtests, pages_search_urls

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
    *backtests,
    *pages_search_urls.urlpatterns,
]
