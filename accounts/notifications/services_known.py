"""Which of Apprise's services a channel may use: those that speak HTTP to a service for messages."""

from typing import Final

from accounts.models import ChannelKind

SCHEMES: Final = {
    ChannelKind.TELEGRAM: frozenset({"tgram"}),
    ChannelKind.DISCORD: frozenset({"discord"}),
    ChannelKind.SLACK: frozenset({"slack"}),
    ChannelKind.SMS: frozenset(
        {"bulksms", "clicksend", "d7sms", "msgbird", "nexmo", "plivo", "sinch", "twilio", "vonage"}
    ),
    ChannelKind.OTHER: frozenset(
        {
            "bark",
            "barks",
            "dingtalk",
            "feishu",
            "gotify",
            "gotifys",
            "lark",
            "line",
            "mmost",
            "mmosts",
            "ntfy",
            "ntfys",
            "pover",
            "pushdeer",
            "pushplus",
            "rocket",
            "rockets",
            "schan",
            "threema",
            "wecombot",
            "whatsapp",
            "workflows",
            "wxpusher",
        }
    ),
}

EXAMPLES: Final = {
    ChannelKind.WEBHOOK: "https://example.com/hook",
    ChannelKind.TELEGRAM: "tgram://bot-token/chat-id",
    ChannelKind.DISCORD: "https://discord.com/api/webhooks/…",
    ChannelKind.SLACK: "https://hooks.slack.com/services/…",
    ChannelKind.SMS: "twilio://sid:token@from/to",
    ChannelKind.OTHER: "ntfys://ntfy.sh/topic",
}
