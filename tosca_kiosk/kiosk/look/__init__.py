"""How all looks and is said: colours, sizes, the theme in force, words. Nothing here knows a screen."""
