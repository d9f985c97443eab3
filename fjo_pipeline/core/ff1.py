"""FF1 of NIST SP 800-38G as the standard writes it, step by step: slow, what the bulk cipher is tested against.

With it are the standard's own known answers, which are asked for before the first id.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fjo_pipeline.core.errors import CipherUnsound

ROUNDS = 10
BLOCK = 16
UNSOUND = "no id is made or read on this machine until its `cryptography` and `numpy` are installed anew"

_MINIMUM_DOMAIN = 10**6
# FIPS 197, appendix C.3: AES-256 under the key 00 01 … 1f.
_AES_PLAIN = bytes.fromhex("00112233445566778899aabbccddeeff")
_AES_ENCRYPTED = bytes.fromhex("8ea2b7ca516745bfeafc49904b496089")
# NIST's sample 8 of FF1, with AES-256.
_NIST_KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94")
_NIST_TWEAK = bytes.fromhex("39383736353433323130")
_NIST_ENCRYPTED = [1, 0, 0, 1, 6, 2, 3, 4, 6, 3]


def ff1_encrypt(key: bytes, tweak: bytes, numerals: Sequence[int], radix: int) -> list[int]:
    """FF1.Encrypt of SP 800-38G, algorithm 7, step by step; slow, the form that the bulk cipher is tested against.

    The key has 16, 24 or 32 bytes, the tweak any length, each numeral lies in 0..radix-1.
    Raises ValueError for another radix, a domain under a million, or a numeral out of range.
    """
    rounds = _ReferenceRounds(key, tweak, numerals, radix)
    left, right = rounds.halves
    for i in range(ROUNDS):
        left, right = right, (left + rounds.pseudorandom(i, right)) % rounds.modulus(i)
    return rounds.numerals_of(left, right)


def ff1_decrypt(key: bytes, tweak: bytes, numerals: Sequence[int], radix: int) -> list[int]:
    """FF1.Decrypt of SP 800-38G, algorithm 8; the inverse of `ff1_encrypt`, with its parameters and errors."""
    rounds = _ReferenceRounds(key, tweak, numerals, radix)
    left, right = rounds.halves
    for i in reversed(range(ROUNDS)):
        left, right = (right - rounds.pseudorandom(i, left)) % rounds.modulus(i), left
    return rounds.numerals_of(left, right)


def assert_reference_sound() -> None:
    """Known answers of the standards; CipherUnsound where AES-256 or FF1 gives others here."""
    if block_cipher(bytes(range(32))).encryptor().update(_AES_PLAIN) != _AES_ENCRYPTED:
        raise CipherUnsound("AES-256 does not give the known answer of FIPS 197; " + UNSOUND)
    if ff1_encrypt(_NIST_KEY, _NIST_TWEAK, list(range(10)), 10) != _NIST_ENCRYPTED:
        raise CipherUnsound("FF1 does not give the known answer of SP 800-38G; " + UNSOUND)


def block_cipher(key: bytes) -> Cipher[modes.ECB]:
    """AES on single blocks under a key."""
    # The standard's CIPH is AES on a single block, which is what ECB is; FF1 itself is the mode.
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305


def first_block(radix: int, length: int, tweak_length: int) -> bytes:
    """The standard's block P, which says what is being encrypted."""
    head = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([ROUNDS, length // 2 % 256])
    return head + length.to_bytes(4, "big") + tweak_length.to_bytes(4, "big")


def exclusive_or(one: bytes, other: bytes) -> bytes:
    """Two texts of one length, bit by bit."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


class _ReferenceRounds:
    """What both directions of the reference form share: the halves of the input and the standard's round function."""

    def __init__(self, key: bytes, tweak: bytes, numerals: Sequence[int], radix: int) -> None:
        length = len(numerals)
        if not 2 <= radix <= 2**16 or length < 2 or radix**length < _MINIMUM_DOMAIN:
            raise ValueError("FF1 needs a radix of 2 to 65,536 and a domain of at least a million")
        if any(not 0 <= numeral < radix for numeral in numerals):
            raise ValueError("a numeral is not within the radix")
        self._aes = block_cipher(key).encryptor()
        self._tweak = tweak
        self._radix = radix
        self._lengths = (length // 2, length - length // 2)
        self._number_bytes = ((radix ** self._lengths[1] - 1).bit_length() + 7) // 8
        self._first = first_block(radix, length, len(tweak))
        self.halves = (self._number(numerals[: length // 2]), self._number(numerals[length // 2 :]))

    def modulus(self, i: int) -> int:
        """The size of the half that round `i` replaces."""
        return int(self._radix ** self._lengths[i % 2])

    def pseudorandom(self, i: int, half: int) -> int:
        """The number y of steps 6.i to 6.iv."""
        padding = bytes((-len(self._tweak) - self._number_bytes - 1) % BLOCK)
        second = self._tweak + padding + bytes([i]) + half.to_bytes(self._number_bytes, "big")
        block = bytes(BLOCK)
        message = self._first + second
        for at in range(0, len(message), BLOCK):
            block = self._aes.update(exclusive_or(block, message[at : at + BLOCK]))
        wanted = 4 * -(-self._number_bytes // 4) + 4
        stream = block
        for counter in range(1, -(-wanted // BLOCK)):
            stream += self._aes.update(exclusive_or(block, counter.to_bytes(BLOCK, "big")))
        return int.from_bytes(stream[:wanted], "big")

    def numerals_of(self, left: int, right: int) -> list[int]:
        """Both halves as numerals, most significant first."""
        numerals: list[int] = []
        for half, length in zip((left, right), self._lengths, strict=True):
            numerals += [half // self._radix**place % self._radix for place in reversed(range(length))]
        return numerals

    def _number(self, numerals: Sequence[int]) -> int:
        number = 0
        for numeral in numerals:
            number = number * self._radix + numeral
        return number
