"""Many pictures: every photo after one painting or several, each kept as soon as it is finished.

What is there already is not painted again: a series that was interrupted, however that came about,
goes on when it is asked for again.
"""
