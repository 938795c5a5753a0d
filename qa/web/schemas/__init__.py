"""The JSON that programs send and get, as pydantic models."""
