"""The screens, a folder each, of which none knows another one.

form.py: what it has in hand, its part of the snapshot. part.py: what its touches ask for. view_model.py: from
the snapshot to what is shown. None of these needs Kivy. screen.py and view.kv: how it looks. Its row in
`presenter/registry.py` says where one may go.
"""
