package ledger

import (
	"crypto/sha256"
	"errors"
	"math/bits"
	"slices"
)

// LeafHash is the hash of a Merkle leaf: SHA-256(0x00 ‖ data), RFC 6962
// section 2.1.
func LeafHash(data []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(data)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

// NodeHash is the hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
func NodeHash(left, right Hash) Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// MerkleRoot is the RFC 6962 tree hash over leaf hashes; of none it is the
// SHA-256 of nothing.
func MerkleRoot(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	return NodeHash(MerkleRoot(leaves[:k]), MerkleRoot(leaves[k:]))
}

// Frontier is a Merkle tree that only grows, as far as its root needs it: the
// roots of its complete subtrees, largest first, one for each bit that is set in
// the number of leaves. The zero value has no leaf.
type Frontier struct {
	Size     uint64
	Subtrees []Hash
}

// Push adds a leaf hash. Subtrees is replaced and never written into.
func (f *Frontier) Push(leaf Hash) {
	s := slices.Clone(f.Subtrees)
	for n := f.Size; n&1 == 1; n >>= 1 {
		leaf = NodeHash(s[len(s)-1], leaf)
		s = s[:len(s)-1]
	}
	f.Subtrees = append(s, leaf)
	f.Size++
}

// Root is the [MerkleRoot] over the leaf hashes that were pushed.
func (f *Frontier) Root() Hash {
	if f.Size == 0 {
		return MerkleRoot(nil)
	}
	i := len(f.Subtrees) - 1
	root := f.Subtrees[i]
	for i--; i >= 0; i-- {
		root = NodeHash(f.Subtrees[i], root)
	}
	return root
}

// MerklePath is the RFC 6962 audit path of the leaf at index, from the leaf's
// sibling up. The index must be that of a leaf.
func MerklePath(leaves []Hash, index int) []Hash {
	if len(leaves) <= 1 {
		return nil
	}
	k := split(len(leaves))
	if index < k {
		return append(MerklePath(leaves[:k], index), MerkleRoot(leaves[k:]))
	}
	return append(MerklePath(leaves[k:], index-k), MerkleRoot(leaves[:k]))
}

// split returns the largest power of two below n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// ErrMerklePath is returned by [RootFromPath] when the path cannot belong to a
// leaf at that index of a tree of that size.
var ErrMerklePath = errors.New("ledger: Merkle path does not fit index and size")

// RootFromPath computes the root that a leaf hash and its audit path lead to,
// RFC 9162 section 2.1.3.2.
func RootFromPath(leaf Hash, index, size uint64, path []Hash) (Hash, error) {
	if index >= size {
		return Hash{}, ErrMerklePath
	}
	fn, sn := index, size-1
	r := leaf
	for _, p := range path {
		if sn == 0 {
			return Hash{}, ErrMerklePath
		}
		if fn&1 == 1 || fn == sn {
			r = NodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = NodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return Hash{}, ErrMerklePath
	}
	return r, nil
}
