"""The screens, a folder each: what it shows (no Kivy), how it looks (kv), and what its touches ask for."""
