"""Reports for quality assurance, made from what was measured."""
