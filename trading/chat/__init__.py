"""Commands from a paired Telegram chat: read, understood, confirmed, and done by the services behind the buttons."""
