"""The protocol as pure functions: bodies, envelopes, decoding, secrets; no I/O."""

__all__ = ["bodies", "decode", "envelopes", "privacy", "secrets"]
