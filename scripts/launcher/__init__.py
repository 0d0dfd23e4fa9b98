"""Starts, prepares, watches and stops ChainMakes on one machine; PostgreSQL and Valkey are embedded unless named."""
