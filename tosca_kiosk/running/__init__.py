"""The processes of one run: what each is made of, and who starts, watches and ends them."""
