"""Kaltura OTT Backend lists as complete pandas tables."""
