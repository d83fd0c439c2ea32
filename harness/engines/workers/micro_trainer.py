"""Pretrains one embedded model from documents on disk; runs in Axolotl's environment.

python micro_trainer.py JOB.json

The job names the schedule, a documents file per cycle, the tokenizer's documents and the
output folder. Progress goes to stdout as JSON lines, and the end of stdin ends the process. A
finished cycle leaves a checkpoint, so a killed rebuild goes on at the next one. Equal jobs give
equal weights on one machine: one thread, deterministic algorithms, everything seeded.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import tokenizers
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from worker_link import WorkerLink, open_link

VOCABULARY = 464
TOKENIZER_VOCABULARY = 512
MAX_POSITIONS = 256
WARM_UP_STEPS = 100
FINAL_SHARE = 0.05
PAD, EOS = "<pad>", "<eos>"
PIECES = r" ?[0-9]| ?[A-Za-z]+| ?[^\sA-Za-z0-9]+|\s+"
BATCHES_A_BUCKET = 32
REPORT_EVERY = 50

Row = tuple[list[int], list[int]]


def read_documents(path: Path) -> list[tuple[str, str]]:
    """Rows of [prompt, completion]."""
    with path.open(encoding="utf-8") as stream:
        return [tuple(json.loads(line)) for line in stream]


def train_tokenizer(documents: list[tuple[str, str]]) -> PreTrainedTokenizerFast:
    """Byte-level BPE, one token a word and a digit; any text encodes, and decodes to itself."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENIZER_VOCABULARY,
        special_tokens=[PAD, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(
        (prompt + completion for prompt, completion in documents), trainer
    )
    if tokenizer.get_vocab_size() > VOCABULARY:
        raise SystemExit(
            f"the tokenizer has {tokenizer.get_vocab_size()} tokens, over {VOCABULARY}"
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        padding_side="left",
        model_max_length=MAX_POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def make_model(shape: dict[str, int], tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A small Llama with tied embeddings."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=shape["hidden"],
            intermediate_size=shape["feed_forward"],
            num_hidden_layers=shape["layers"],
            num_attention_heads=shape["heads"],
            num_key_value_heads=shape["heads"],
            max_position_embeddings=MAX_POSITIONS,
            rope_theta=10000.0,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            attn_implementation="sdpa",
        )
    )


def encode(documents: list[tuple[str, str]], tokenizer: PreTrainedTokenizerFast) -> list[Row]:
    """Prompt and completion apart, as finetuning does it; the completion ends with EOS."""
    prompts = tokenizer([prompt for prompt, _ in documents], add_special_tokens=False).input_ids
    texts = tokenizer([text for _, text in documents], add_special_tokens=False).input_ids
    eos = tokenizer.eos_token_id
    return [(prompt, [*text, eos]) for prompt, text in zip(prompts, texts, strict=True)]


def batches(rows: list[Row], size: int, seed: int) -> list[list[Row]]:
    """Batches in the stream's order, alike in length within a bucket of a few batches."""
    source = random.Random(seed)
    found: list[list[Row]] = []
    for start in range(0, len(rows), size * BATCHES_A_BUCKET):
        bucket = sorted(
            rows[start : start + size * BATCHES_A_BUCKET], key=lambda r: len(r[0]) + len(r[1])
        )
        groups = [bucket[i : i + size] for i in range(0, len(bucket), size)]
        source.shuffle(groups)
        found.extend(groups)
    return found


def tensors(batch: list[Row], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Input ids and labels, right padded; only completions carry a label."""
    length = max(len(prompt) + len(text) for prompt, text in batch)
    ids = torch.full((len(batch), length), pad)
    labels = torch.full((len(batch), length), -100)
    for number, (prompt, text) in enumerate(batch):
        ids[number, : len(prompt) + len(text)] = torch.tensor(prompt + text)
        labels[number, len(prompt) : len(prompt) + len(text)] = torch.tensor(text)
    return ids, labels


def optimizers(model: LlamaForCausalLM, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices, AdamW for embeddings and norms."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(
            matrices, lr=learning_rate, momentum=0.95, weight_decay=0.05, adjust_lr_fn="original"
        ),
        torch.optim.AdamW(others, lr=learning_rate / 5, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def factor(step: int, steps: int, flat: float) -> float:
    """Warm-up, flat, linear decay to 5 %."""
    decay_from = flat * steps
    decay = max(0.0, (step - decay_from) / (steps - decay_from))
    return min(1.0, (step + 1) / WARM_UP_STEPS) * (1.0 - (1.0 - FINAL_SHARE) * decay)


def train_cycle(
    model: LlamaForCausalLM, rows: list[Row], cycle: dict[str, Any], pad: int, link: WorkerLink
) -> dict[str, float]:
    """One cycle over its documents, each once; what to remember of it.

    The loss is the mean over the last 50 steps.
    """
    torch.manual_seed(cycle["seed"])
    model.train()
    active = optimizers(model, cycle["learning_rate"])
    peaks = [group.param_groups[0]["lr"] for group in active]
    started = time.process_time()
    all_batches = batches(rows, cycle["batch"], cycle["seed"])
    losses: list[float] = []
    for step, batch in enumerate(all_batches):
        scale = factor(step, len(all_batches), cycle["flat"])
        for optimizer, peak in zip(active, peaks, strict=True):
            optimizer.param_groups[0]["lr"] = peak * scale
        losses.append(train_step(model, active, *tensors(batch, pad)))
        if not math.isfinite(losses[-1]):
            raise SystemExit(f"cycle {cycle['number']}: the loss is {losses[-1]} at step {step}")
        done = step + 1
        if done % REPORT_EVERY == 0 or done == len(all_batches):
            recent = losses[-REPORT_EVERY:]
            loss = round(sum(recent) / len(recent), 4)
            link.send({"event": "step", "cycle": cycle["number"], "step": done, "loss": loss})
    return {
        "documents": len(rows),
        "tokens": sum(len(prompt) + len(text) for prompt, text in rows),
        "loss": loss,
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def train_step(
    model: LlamaForCausalLM,
    active: list[torch.optim.Optimizer],
    ids: torch.Tensor,
    labels: torch.Tensor,
) -> float:
    """One update; the loss before it."""
    for optimizer in active:
        optimizer.zero_grad(set_to_none=True)
    logits = model(input_ids=ids).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in active:
        optimizer.step()
    return float(loss.item())


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """A model folder that vLLM and Axolotl load; weights as bf16, which costs nothing here."""
    rounded = copy.deepcopy(model).to(torch.bfloat16)
    rounded.generation_config.do_sample = False
    rounded.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)


def write_record(
    folder: Path, schedule: dict[str, Any], records: list[dict[str, float]], parameters: int
) -> None:
    """How the model was made, beside its weights."""
    document = {
        "seed": schedule["seed"],
        "shape": schedule["shape"],
        "parameters": parameters,
        "cycles": [
            {**cycle, **record} for cycle, record in zip(schedule["cycles"], records, strict=False)
        ],
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
    (folder / "training.json").write_text(json.dumps(document, indent=2) + "\n")


def finish_cycle(
    job: dict[str, Any],
    number: int,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    records: list[dict[str, float]],
    link: WorkerLink,
) -> None:
    """Trains a cycle, or takes up its result, and adds what is remembered of it to `records`."""
    checkpoint = Path(job["output"]) / f"cycle-{number}.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        records[:] = saved["records"]
        return
    rows = encode(read_documents(Path(job["documents"][number])), tokenizer)
    cycle = {**job["schedule"]["cycles"][number], "number": number, "batch": job["batch"]}
    records.append(train_cycle(model, rows, cycle, tokenizer.pad_token_id, link))
    partial = checkpoint.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "records": records}, partial)
    partial.replace(checkpoint)


def main() -> None:
    """Trains every cycle of the job, and saves the models that it names."""
    link = open_link()
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    schedule = job["schedule"]
    tokenizer = train_tokenizer(read_documents(Path(job["tokenizer_documents"])))
    torch.manual_seed(schedule["seed"])
    model = make_model(schedule["shape"], tokenizer)
    names = {**dict(schedule["snapshots"]), len(schedule["cycles"]) - 1: schedule["name"]}
    records: list[dict[str, float]] = []
    for number in range(len(schedule["cycles"])):
        finish_cycle(job, number, model, tokenizer, records, link)
        if number in names:
            folder = Path(job["output"]) / names[number]
            save(model, tokenizer, folder)
            write_record(folder, schedule, records, model.num_parameters())
            link.send({"event": "saved", "model": names[number]})


if __name__ == "__main__":
    main()
