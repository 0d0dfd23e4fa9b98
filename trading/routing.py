"""Addresses of live back-tests and scans, each with and without its trailing slash."""

from django.urls import re_path

from trading.consumers import BacktestConsumer, ScanConsumer

websocket_urlpatterns = [
    re_path(r"^api/v1/ws/backtest/(?P<backtest_id>\d{1,18})/?$", BacktestConsumer.as_asgi()),
    re_path(r"^api/v1/ws/scan/(?P<scan_id>\d{1,18})/?$", ScanConsumer.as_asgi()),
]
