"""Configurations, protocols, scenarios and locked requirements, installed as package data."""
