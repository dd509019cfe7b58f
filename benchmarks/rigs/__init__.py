"""The apparatus that measurements and tests share: carts, processes, kiosks, judges, tables."""
