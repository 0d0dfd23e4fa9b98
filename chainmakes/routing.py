"""Every WebSocket address."""

from django.urls import re_path

from bots.consumers import NoSuchSocket
from bots.routing import websocket_urlpatterns as bots
from trading.routing import websocket_urlpatterns as trading

websocket_urlpatterns = [*bots, *trading, re_path(r"", NoSuchSocket.as_asgi())]
