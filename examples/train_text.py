"""Train a text classifier: python examples/train_text.py EXPORT/de MODEL OUT [EPOCHS]."""

import sys

import datasets
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding

folder, base, out, epochs = [*sys.argv[1:], "3"][:4]
rows = datasets.load_from_disk(folder)["train"]
labels = rows.features["labels"]
several = hasattr(labels, "feature")  # lists of classes; a number has no names
names = getattr(labels.feature if several else labels, "names", ["value"])
tokenizer = AutoTokenizer.from_pretrained(base)
model = AutoModelForSequenceClassification.from_pretrained(
    base,
    id2label=dict(enumerate(names)),
    label2id={name: i for i, name in enumerate(names)},
    problem_type="multi_label_classification" if several else None,
)


def encode(row):
    """The pieces of a row and its label; of several classes, a 1 for each that it has."""
    label = row["labels"]
    if several:
        label = [float(number in label) for number in range(len(names))]
    return {**tokenizer(row["text"], row.get("text_pair"), truncation=True), "labels": label}


encoded = [encode(row) for row in rows]
collate = DataCollatorWithPadding(tokenizer)
loader = torch.utils.data.DataLoader(encoded, batch_size=16, shuffle=True, collate_fn=collate)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
for _ in range(int(epochs)):
    for batch in loader:
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
model.save_pretrained(out), tokenizer.save_pretrained(out)
