verify.py
# not here
