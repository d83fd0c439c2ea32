"""Decoders whose sizes are worked out here a second time, from their published shapes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decoder:
    """A dense decoder with grouped-query attention.

    Attributes:
        parameters: all of them, as published.
        layers, heads, kv_heads, head_size: shape of the attention.
    """

    parameters: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int

    @property
    def active_parameters(self) -> int:
        return self.parameters

    def prefill_flops(self, tokens: int) -> int:
        return 2 * self.parameters * tokens + self._attention * tokens * (tokens + 1) // 2

    def decode_flops(self, prompt_tokens: int, completion_tokens: int) -> int:
        pairs = completion_tokens * prompt_tokens + completion_tokens * (completion_tokens + 1) // 2
        return 2 * self.parameters * completion_tokens + self._attention * pairs

    def kv_cache_bytes(self, tokens: int, bytes_per_value: int = 2) -> int:
        return 2 * self.layers * self.kv_heads * self.head_size * tokens * bytes_per_value

    @property
    def _attention(self) -> int:
        """FLOPs of a token's attention to one token: QKᵀ and AV, a multiply-add each."""
        return 4 * self.layers * self.heads * self.head_size


GPT_J_6B = Decoder(6_050_882_784, 28, 16, 16, 256)
LLAMA_2_7B = Decoder(6_738_415_616, 32, 32, 32, 128)
MISTRAL_7B = Decoder(7_248_023_552, 32, 32, 8, 128)
LLAMA_3_8B = Decoder(8_030_261_248, 32, 32, 8, 128)
LLAMA_3_70B = Decoder(70_553_706_496, 80, 64, 8, 128)
LLAMA_3_405B = Decoder(405_853_388_800, 126, 128, 8, 128)
