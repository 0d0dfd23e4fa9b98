"""The collector: prices from the venues' sockets to Redis, for bots and open pages. REST stays the truth beside it."""
