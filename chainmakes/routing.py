"""Every WebSocket address."""

from django.urls import re_path

from bots.consumers import NoSuchSocket
from bots.routing import websocket_urlpatterns as bots

websocket_urlpatterns = [*bots, re_path(r"", NoSuchSocket.as_asgi())]
