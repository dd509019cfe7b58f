"""A person at a terminal who works the cart over control's link: keys, a held key that arms, STOP."""
