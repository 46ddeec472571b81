"""A study file and its data: ten times good and ten times bad."""

STUDY = """
name = "moods"
[data]
format = "csv"
train = "a.csv"
[task]
kind = "classification"
inputs = "text"
target = "mood"
[space]
variant = "attention"
heads = [1, 2]
hidden_size = 8
layers = 1
dropout = 0.0
learning_rate = 1e-3
weight_decay = { low = 0.0, high = 0.1 }
[training]
epochs = 2
[search]
trials = 9
"""
MOODS = "text,mood\n" + "it was good,up\nit was bad,down\n" * 10
