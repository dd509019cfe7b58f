"""What the parts of the screens share: who and what is chosen, the router, the session's leader. No Kivy."""
