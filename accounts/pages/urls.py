"""Addresses of the account pages."""

from django.urls import path

from accounts.pages import audit as pages_audit
from accounts.pages import chats as pages_chats
from accounts.pages import entry as pages
from accounts.pages import links as pages_links
from accounts.pages import notifications as pages_notifications
from accounts.pages import second_factor as pages_second_factor
from accounts.pages import settings as pages_settings

urlpatterns = [
    path("login", pages.login_page, name="login"),
    path("login/code", pages.login_code_page, name="login-code"),
    path("register", pages.register_page, name="register"),
    path("logout", pages.logout_page, name="logout"),
    path("password/forgotten", pages_links.forgotten_page, name="password-forgotten"),
    path("password/new/<str:uid>/<str:token>", pages_links.reset_page, name="password-reset"),
    path("email/confirm/<str:token>", pages_links.email_confirm_page, name="email-confirm"),
    path("settings/", pages_settings.settings_page, name="settings"),
    path("settings/password", pages_settings.password_page, name="settings-password"),
    path("settings/email", pages_settings.email_page, name="settings-email"),
    path("settings/email/send", pages_settings.email_send_post, name="settings-email-send"),
    path("settings/sessions/end", pages_settings.sessions_end_post, name="settings-sessions-end"),
    path("settings/sessions/<int:session_id>/end", pages_settings.session_end_post, name="settings-session-end"),
    path("settings/second-factor", pages_second_factor.second_factor_page, name="settings-second-factor"),
    path("settings/second-factor/set-up", pages_second_factor.set_up_page, name="second-factor-set-up"),
    path("settings/second-factor/picture.svg", pages_second_factor.picture, name="second-factor-picture"),
    path("settings/second-factor/off", pages_second_factor.switch_off_post, name="second-factor-off"),
    path("settings/second-factor/codes", pages_second_factor.codes_post, name="second-factor-codes"),
    path("settings/confirm", pages_second_factor.confirm_page, name="settings-confirm"),
    path("settings/tokens", pages_settings.tokens_page, name="settings-tokens"),
    path("settings/tokens/<int:token_id>/revoke", pages_settings.token_revoke_post, name="settings-token-revoke"),
    path("settings/addresses", pages_settings.addresses_page, name="settings-addresses"),
    path("settings/audit", pages_audit.audit_page, name="settings-audit"),
    path("settings/audit/export.csv", pages_audit.audit_export, name="settings-audit-export"),
    path("settings/theme", pages.theme_switch, name="settings-theme"),
    path("settings/language", pages.language_switch, name="settings-language"),
    path("notifications/", pages_notifications.notifications_page, name="notifications"),
    path("notifications/read", pages_notifications.notifications_read_post, name="notifications-read"),
    path("notifications/unread", pages_notifications.unread_part, name="notifications-unread"),
    path("notifications/log", pages_notifications.log_page, name="notifications-log"),
    path("notifications/channels", pages_notifications.channels_page, name="notifications-channels"),
    path("notifications/channels/new/<str:kind>", pages_notifications.channel_new_page, name="channel-new"),
    path("notifications/channels/<int:channel_id>", pages_notifications.channel_page, name="channel"),
    path("notifications/channels/<int:channel_id>/test", pages_notifications.channel_test_post, name="channel-test"),
    path(
        "notifications/channels/<int:channel_id>/delete", pages_notifications.channel_delete_post, name="channel-delete"
    ),
    path("notifications/channels/<int:channel_id>/chat", pages_chats.chat_begin_post, name="channel-chat"),
    path("notifications/channels/<int:channel_id>/chat/end", pages_chats.chat_end_post, name="channel-chat-end"),
    path(
        "notifications/channels/<int:channel_id>/secret", pages_notifications.channel_secret_post, name="channel-secret"
    ),
]
