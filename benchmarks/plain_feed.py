"""The live feed as a first tutorial would write it, one frame for each event to whoever asks: the baseline."""

import json

from benchmarks.installation import PREFIX  # noqa: F401  (loads Django's apps)

# isort: split
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from bots.feed.keys import bot_group


class PlainConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add(bot_group(int(self.scope["url_route"]["kwargs"]["bot"])), self.channel_name)
        await self.accept()

    async def feed_event(self, message: dict) -> None:
        await self.send(text_data=json.dumps({"type": message["event"], "data": message["data"]}))


application = ProtocolTypeRouter(
    {"websocket": URLRouter([re_path(r"^api/v1/ws/bot/(?P<bot>\d+)$", PlainConsumer.as_asgi())])}
)
