"""A bot's own past beside the back-test of the same time: which decisions differ, why, and what that cost."""
