"""What stands around every request: who may ask, limits, the log, metrics, errors."""
