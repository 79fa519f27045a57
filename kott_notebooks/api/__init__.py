"""The protocol as pure functions: bodies, envelopes, decoding, secrets; no I/O."""
