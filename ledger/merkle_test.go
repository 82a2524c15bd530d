package ledger_test

import (
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

// TestMerkleTreesAreThoseOfRFC6962 compares roots and paths with those of the
// library that transparency logs use.
func TestMerkleTreesAreThoseOfRFC6962(t *testing.T) {
	theirs := testonly.New(rfc6962.DefaultHasher)
	var leaves []ledger.Hash
	if got := ledger.MerkleRoot(nil); string(got[:]) != string(theirs.Hash()) {
		t.Error("the root of no leaves differs")
	}
	for size := uint64(1); size <= 130; size++ {
		data := []byte{byte(size), byte(size >> 8)}
		theirs.AppendData(data)
		leaves = append(leaves, ledger.LeafHash(data))
		root := ledger.MerkleRoot(leaves)
		if string(root[:]) != string(theirs.Hash()) {
			t.Fatalf("the root of %d leaves differs", size)
		}
		for index := range size {
			path := ledger.MerklePath(leaves, int(index))
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaves[index][:], slicesOf(path), root[:]); err != nil {
				t.Fatalf("path of leaf %d of %d: %v", index, size, err)
			}
			if got, err := ledger.RootFromPath(leaves[index], index, size, path); err != nil || got != root {
				t.Fatalf("path of leaf %d of %d leads to %s, %v", index, size, got, err)
			}
			wrongPaths(t, leaves, index, size, path)
		}
	}
}

func slicesOf(path []ledger.Hash) (all [][]byte) {
	for _, h := range path {
		all = append(all, h[:])
	}
	return all
}

// wrongPaths tries a path at other places and of other lengths.
func wrongPaths(t *testing.T, leaves []ledger.Hash, index, size uint64, path []ledger.Hash) {
	t.Helper()
	root := ledger.MerkleRoot(leaves)
	if got, err := ledger.RootFromPath(leaves[index], index^1, size, path); err == nil && got == root && size > 1 {
		t.Fatalf("the path of leaf %d of %d holds for leaf %d", index, size, index^1)
	}
	longer := append(path[:len(path):len(path)], ledger.Hash{1})
	if _, err := ledger.RootFromPath(leaves[index], index, size, longer); !errors.Is(err, ledger.ErrMerklePath) {
		t.Fatalf("a longer path of leaf %d of %d: %v", index, size, err)
	}
	if len(path) > 0 {
		if _, err := ledger.RootFromPath(leaves[index], index, size, path[1:]); !errors.Is(err, ledger.ErrMerklePath) {
			t.Fatalf("a shorter path of leaf %d of %d: %v", index, size, err)
		}
	}
	if _, err := ledger.RootFromPath(leaves[index], size, size, path); !errors.Is(err, ledger.ErrMerklePath) {
		t.Fatalf("a path beyond %d leaves: %v", size, err)
	}
}

func TestAGrowingTreeHasTheRootOfAllItsLeaves(t *testing.T) {
	var f ledger.Frontier
	var leaves []ledger.Hash
	for n := range 70 {
		if got, want := f.Root(), ledger.MerkleRoot(leaves); got != want {
			t.Fatalf("after %d leaves the root is %s, want %s", n, got, want)
		}
		leaf := ledger.LeafHash([]byte{byte(n)})
		leaves = append(leaves, leaf)
		f.Push(leaf)
	}
}
