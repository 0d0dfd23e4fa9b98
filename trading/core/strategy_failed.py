"""What a strategy's own code did wrong while it ran."""

import traceback


class StrategyFailed(Exception):
    """`str` names the strategy, its method, the line of its file, and the error; the fields hold them apart."""

    def __init__(self, strategy: str, method: str, error: Exception, file: str = "") -> None:
        self.strategy, self.method = strategy, method
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        self.line = lines[-1] if lines else None
        text = " ".join(str(error).split())
        self.error = f"{type(error).__name__}{text and f': {text}'}"
        where = f" in line {self.line}" if self.line else ""
        super().__init__(f"{strategy}: {method} fails{where}: {self.error}")
