"""REST paths under /api/v1/."""

from django.urls import path

from accounts.api import entry as api
from accounts.api import notifications as api_notifications
from accounts.api import security as api_security

urlpatterns = [
    path("auth/register", api.RegisterView.as_view(), name="api-register"),
    path("auth/login", api.LoginView.as_view(), name="api-login"),
    path("auth/refresh", api.RefreshView.as_view(), name="api-refresh"),
    path("auth/logout", api.LogoutView.as_view(), name="api-logout"),
    path("auth/step-up", api_security.StepUpView.as_view(), name="api-step-up"),
    path("auth/password/forgotten", api_security.ForgottenView.as_view(), name="api-password-forgotten"),
    path("auth/password/reset", api_security.ResetView.as_view(), name="api-password-reset"),
    path("auth/email/confirm", api_security.EmailConfirmView.as_view(), name="api-email-confirm"),
    path("users/me", api.MeView.as_view(), name="api-me"),
    path("users/me/password", api.PasswordView.as_view(), name="api-password"),
    path("users/me/email/confirmation", api_security.EmailSendView.as_view(), name="api-email-send"),
    path("users/me/second-factor", api_security.SecondFactorView.as_view(), name="api-second-factor"),
    path("users/me/second-factor/off", api_security.SecondFactorOffView.as_view(), name="api-second-factor-off"),
    path(
        "users/me/second-factor/confirm",
        api_security.SecondFactorConfirmView.as_view(),
        name="api-second-factor-confirm",
    ),
    path(
        "users/me/second-factor/recovery-codes",
        api_security.RecoveryCodesView.as_view(),
        name="api-recovery-codes",
    ),
    path("users/me/sessions", api_security.SessionsView.as_view(), name="api-sessions"),
    path("users/me/sessions/<int:session_id>", api_security.SessionView.as_view(), name="api-session"),
    path("users/me/tokens", api_security.TokensView.as_view(), name="api-tokens"),
    path("users/me/tokens/<int:token_id>", api_security.TokenView.as_view(), name="api-token"),
    path("users/me/addresses", api_security.AddressesView.as_view(), name="api-addresses"),
    path("users/me/audit", api_security.AuditView.as_view(), name="api-audit"),
    path("ws/ticket", api.TicketView.as_view(), name="api-ticket"),
    path("notifications", api_notifications.NotificationsView.as_view(), name="api-notifications"),
    path("notifications/read", api_notifications.NotificationsReadView.as_view(), name="api-notifications-read"),
    path("notifications/channels", api_notifications.ChannelsView.as_view(), name="api-channels"),
    path("notifications/channels/<int:channel_id>", api_notifications.ChannelView.as_view(), name="api-channel"),
    path(
        "notifications/channels/<int:channel_id>/test",
        api_notifications.ChannelTestView.as_view(),
        name="api-channel-test",
    ),
    path("notifications/deliveries", api_notifications.DeliveriesView.as_view(), name="api-deliveries"),
]
