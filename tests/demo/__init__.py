"""Tests of the demo partner: its data, its API, its bad days."""
