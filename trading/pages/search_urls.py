"""Addresses of the searches' pages and of a bot's parity part."""

from django.urls import path

from trading.pages import parity as pages_parity
from trading.pages import searches as pages_searches

urlpatterns = [
    path("backtests/search/new", pages_searches.new_page, name="searches-new"),
    path("backtests/<int:backtest_id>/map", pages_searches.map_data, name="search-map"),
    path("backtests/<int:backtest_id>/parallel", pages_searches.parallel_data, name="search-parallel"),
    path("backtests/<int:backtest_id>/resume", pages_searches.resume_post, name="search-resume"),
    path("backtests/<int:backtest_id>/sets/<int:number>/run", pages_searches.run_set_post, name="search-run-set"),
    path("bots/<int:bot_id>/parity", pages_parity.bot_parity, name="bot-parity"),
]
