class LaunchError(Exception):
    """Why the launcher cannot go on, in words for the person who started it: printed as it is, without a traceback."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status
