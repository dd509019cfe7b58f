"""Sessions as files for a researcher: CSV, JSON lines or Parquet, with their schema beside them."""
