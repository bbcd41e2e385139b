"""Changes one letter of an exported symbol in a copy of a shared object.

The dynamic loader finds symbols by a hash of their name, so the letter is
chosen such that the symbol stays in its bucket of .gnu.hash, and the hash
value and the Bloom filter are brought up to date.  The changed library then
loads and works as before, under a name that nobody knows.
"""

import string
import struct

WORD = 64  # bits of a Bloom filter word in a 64-bit ELF file


def gnu_hash(name):
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


class SharedObject:
    """A 64-bit little-endian ELF file in memory."""

    def __init__(self, data):
        self.data = bytearray(data)
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        offset, = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3A)
        headers = [struct.unpack_from("<IIQQQQ", self.data, offset + i * size)
                   for i in range(count)]
        base = headers[names][4]
        self.sections = {
            self.string(base + header[0]): (header[4], header[5])
            for header in headers}

    def string(self, offset):
        return bytes(self.data[offset:self.data.index(0, offset)])

    def symbol(self, name):
        """(index, file offset of the name) of a dynamic symbol."""
        strings, _ = self.sections[b".dynstr"]
        start, size = self.sections[b".dynsym"]
        for index in range(size // 24):
            offset, = struct.unpack_from("<I", self.data, start + index * 24)
            if self.string(strings + offset) == name:
                return index, strings + offset
        raise KeyError(name)

    def replace_letter(self, name, keep):
        """Renames the symbol `name` by one letter outside its first `keep`
        characters; returns the new name."""
        start, _ = self.sections[b".gnu.hash"]
        buckets, first, words, shift = struct.unpack_from(
            "<IIII", self.data, start)
        index, name_offset = self.symbol(name)
        new = _one_letter_off(name, keep, buckets)
        self.data[name_offset:name_offset + len(name)] = new
        value = gnu_hash(new)
        self._set_bloom_bits(start + 16, words, shift, value)
        chain = start + 16 + words * 8 + buckets * 4 + (index - first) * 4
        old, = struct.unpack_from("<I", self.data, chain)
        assert old | 1 == gnu_hash(name) | 1, "not the symbol's hash"
        struct.pack_into("<I", self.data, chain, value & ~1 | old & 1)
        return new

    def _set_bloom_bits(self, bloom, words, shift, value):
        place = bloom + value // WORD % words * 8
        word, = struct.unpack_from("<Q", self.data, place)
        word |= 1 << value % WORD | 1 << (value >> shift) % WORD
        struct.pack_into("<Q", self.data, place, word)


def _one_letter_off(name, keep, buckets):
    for position in range(keep, len(name)):
        for letter in string.ascii_letters.encode():
            new = name[:position] + bytes([letter]) + name[position + 1:]
            if new != name and (gnu_hash(new) % buckets ==
                                gnu_hash(name) % buckets):
                return new
    raise ValueError("no letter keeps the symbol in its bucket")
