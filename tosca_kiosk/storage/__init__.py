"""The record: SQLite through `dataset`, migrations, import of journals, backup."""
