"""REST paths under /api/v1/."""

from django.urls import path

from bots.api import bots as api

urlpatterns = [
    path("bots", api.BotsView.as_view(), name="api-bots"),
    path("bots/preview", api.PreviewView.as_view(), name="api-bots-preview"),
    path("bots/<int:bot_id>", api.BotView.as_view(), name="api-bot"),
    path("bots/<int:bot_id>/start", api.StartView.as_view(), name="api-bot-start"),
    path("bots/<int:bot_id>/pause", api.PauseView.as_view(), name="api-bot-pause"),
    path("bots/<int:bot_id>/stop", api.StopView.as_view(), name="api-bot-stop"),
    path("bots/<int:bot_id>/close-positions", api.ClosePositionsView.as_view(), name="api-bot-close"),
    path("bots/<int:bot_id>/stats", api.StatisticsView.as_view(), name="api-bot-stats"),
    path("strategies", api.StrategiesView.as_view(), name="api-strategies"),
]
