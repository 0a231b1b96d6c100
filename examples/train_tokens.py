"""Train a token classifier: python examples/train_tokens.py EXPORT/de MODEL OUT [EPOCHS]."""

import sys

import datasets
import torch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
)

folder, base, out, epochs = [*sys.argv[1:], "3"][:4]
rows = datasets.load_from_disk(folder)["train"]
names = rows.features["ner_tags"].feature.names
tokenizer = AutoTokenizer.from_pretrained(base, add_prefix_space=True)
model = AutoModelForTokenClassification.from_pretrained(
    base, id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)}
)


def encode(row):
    """The pieces of a row; the first piece of each token has its tag."""
    encoded = tokenizer(row["tokens"], is_split_into_words=True, truncation=True)
    words = encoded.word_ids()
    first = [word is not None and word not in words[:n] for n, word in enumerate(words)]
    tags = [row["ner_tags"][w] if f else -100 for w, f in zip(words, first, strict=True)]
    return {**encoded, "labels": tags}


encoded = [encode(row) for row in rows]
collate = DataCollatorForTokenClassification(tokenizer)
loader = torch.utils.data.DataLoader(encoded, batch_size=16, shuffle=True, collate_fn=collate)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
for _ in range(int(epochs)):
    for batch in loader:
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
model.save_pretrained(out), tokenizer.save_pretrained(out)
