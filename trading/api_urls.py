"""REST paths under /api/v1/."""

from django.urls import path

from trading import api

urlpatterns = [
    path("orders", api.OrdersView.as_view(), name="api-orders"),
    path("orders/<int:bot_id>/orders", api.BotOrdersView.as_view(), name="api-orders-of-bot"),
    path("bots/<int:bot_id>/orders", api.BotOrdersView.as_view(), name="api-bot-orders"),
    path("bots/<int:bot_id>/positions", api.BotPositionsView.as_view(), name="api-bot-positions"),
    path("bots/<int:bot_id>/logs", api.BotLogsView.as_view(), name="api-bot-logs"),
    path("bots/<int:bot_id>/spread-history", api.BotSpreadView.as_view(), name="api-bot-spread"),
    path("account/<int:account_id>/orders", api.AccountOrdersView.as_view(), name="api-account-orders"),
    path("account/<int:account_id>/orders/open", api.AccountOpenOrdersView.as_view(), name="api-account-orders-open"),
    path(
        "account/<int:account_id>/orders/closed",
        api.AccountClosedOrdersView.as_view(),
        name="api-account-orders-closed",
    ),
    path("account/<int:account_id>/orders/<int:order_id>", api.AccountOrderView.as_view(), name="api-account-order"),
]
