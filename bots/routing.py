"""Addresses of the live feed, each with and without its trailing slash."""

from django.urls import re_path

from bots.consumers import BotConsumer, DashboardConsumer, DownloadsConsumer
from bots.consumers_market import MarketConsumer
from bots.consumers_prices import PricesConsumer

websocket_urlpatterns = [
    re_path(r"^api/v1/ws/bot/(?P<bot_id>\d{1,18})/?$", BotConsumer.as_asgi()),
    re_path(r"^api/v1/ws/dashboard/?$", DashboardConsumer.as_asgi()),
    re_path(r"^api/v1/ws/downloads/?$", DownloadsConsumer.as_asgi()),
    re_path(r"^api/v1/ws/prices/?$", PricesConsumer.as_asgi()),
    re_path(r"^api/v1/ws/market/(?P<exchange>[a-z]{1,16})/(?P<symbol>[^?]{1,60}?)/?$", MarketConsumer.as_asgi()),
]
