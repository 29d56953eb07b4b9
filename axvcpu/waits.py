"""What a vCPU waits for, and what has come already: the arithmetic of block and wake.

Any thread may post; only who holds the vCPU's claim settles. A post is one element of a set, and adding to a
set is atomic: nothing that is posted is lost, and nothing grows. Masks are of BlockReason's bits.
"""

from __future__ import annotations

from typing import Final

from axvcpu.states import ALL_REASONS, BlockReason

_ALL: Final = int(ALL_REASONS)
_BLOCK: Final = _ALL.bit_length()  # a block request is posted above the bits of a wake


class Waits:
    __slots__ = ("posts", "reasons", "tokens")

    def __init__(self) -> None:
        self.posts: set[int] = set()
        self.reasons = 0  # what it waits for now; 0 unless BLOCKED
        self.tokens = 0  # reasons that a wake has answered before the block came

    def post_wake(self, reasons: BlockReason) -> None:
        self.posts.add(int(reasons))

    def post_block(self, reasons: BlockReason) -> None:
        self.posts.add(int(reasons) << _BLOCK)

    def settle(self) -> bool:
        """Take the posts in; whether it waits for anything now.

        A wake and a block of one reason answer each other, in whichever order they came.
        """
        posts = tuple(self.posts)
        reasons, tokens = self.reasons, self.tokens
        for post in posts:
            reasons |= post >> _BLOCK
            tokens |= post & _ALL
        self.reasons, self.tokens = reasons & ~tokens, tokens & ~reasons
        self.posts.difference_update(posts)
        return self.reasons != 0

    def enter(self, reasons: BlockReason) -> None:
        """Wait for `reasons`, whatever came before: their tokens and all block requests are dropped."""
        posts, tokens = tuple(self.posts), self.tokens
        for post in posts:
            tokens |= post & _ALL
        self.reasons, self.tokens = int(reasons), tokens & ~int(reasons)
        self.posts.difference_update(posts)

    @property
    def block_posted(self) -> bool:
        return any(post >> _BLOCK for post in tuple(self.posts))

    @property
    def all_tokens(self) -> BlockReason:
        """The tokens, those still posted included."""
        tokens = self.tokens
        for post in tuple(self.posts):
            tokens |= post & _ALL
        return BlockReason(tokens)
