package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

// A checkpoint that the key signed.
func open(text []byte, key string) (*checkpoint, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return nil, errors.New("the note is no checkpoint of the key's log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil, err
	}
	root, err := tlog.ParseHash(lines[2])
	return &checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, err
}

func slices(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, 0, len(hashes))
	for i := range hashes {
		out = append(out, hashes[i][:])
	}
	return out
}

// Both implementations say that the entry stands there.
func included(path []tlog.Hash, tree tlog.Tree, index int64, entry []byte) error {
	if err := tlog.CheckRecord(tlog.RecordProof(path), tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("entry %d: x/mod: %w", index, err)
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(entry)
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(tree.N), leaf, slices(path), tree.Hash[:])
	if err != nil {
		return fmt.Errorf("entry %d: merkle: %w", index, err)
	}
	return nil
}

// And that the newer tree goes on from the older one.
func consistent(path []tlog.Hash, then, now tlog.Tree) error {
	if err := tlog.CheckTree(tlog.TreeProof(path), now.N, now.Hash, then.N, then.Hash); err != nil {
		return fmt.Errorf("size %d: x/mod: %w", then.N, err)
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(then.N), uint64(now.N), slices(path), then.Hash[:], now.Hash[:])
	if err != nil {
		return fmt.Errorf("size %d: merkle: %w", then.N, err)
	}
	return nil
}

func verify(key, path string, earlier []string) (map[string]interface{}, error) {
	log := &folder{path, map[string][]byte{}}
	text, err := os.ReadFile(filepath.Join(path, "checkpoint"))
	if err != nil {
		return nil, err
	}
	now, err := open(text, key)
	if err != nil {
		return nil, err
	}
	entries, err := log.entries(now.tree.N)
	if err != nil {
		return nil, err
	}
	hashes := tlog.TileHashReader(now.tree, log) // which holds each tile against the tree
	for index, entry := range entries {
		path, err := tlog.ProveRecord(now.tree.N, int64(index), hashes)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", index, err)
		}
		if err := included(path, now.tree, int64(index), entry); err != nil {
			return nil, err
		}
	}
	for _, file := range earlier {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		then, err := open(text, key)
		if err != nil {
			return nil, err
		}
		path, err := tlog.ProveTree(now.tree.N, then.tree.N, hashes)
		if err != nil {
			return nil, err
		}
		if err := consistent(path, then.tree, now.tree); err != nil {
			return nil, err
		}
	}
	return map[string]interface{}{"origin": now.origin, "entries": len(entries), "earlier": len(earlier)}, nil
}

func proofs(key, bundle string) (map[string]interface{}, error) {
	files, err := filepath.Glob(filepath.Join(bundle, "entries", "*.tlog-proof"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		entry, err := os.ReadFile(strings.TrimSuffix(file, ".tlog-proof") + ".json")
		if err != nil {
			return nil, err
		}
		if err := provesEntry(string(text), entry, key); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return map[string]interface{}{"proofs": len(files)}, nil
}

// One proof file, read as C2SP tlog-proof says.
func provesEntry(text string, entry []byte, key string) error {
	head := strings.SplitN(text, "\n\n", 2)
	lines := strings.Split(head[0], "\n")
	if len(head) != 2 || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("is no proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var path []tlog.Hash
	for _, line := range lines[2:] {
		bytes, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(bytes) != tlog.HashSize {
			return errors.New("has a line that is no hash")
		}
		var hash tlog.Hash
		copy(hash[:], bytes)
		path = append(path, hash)
	}
	signed, err := open([]byte(head[1]), key)
	if err != nil {
		return err
	}
	return included(path, signed.tree, index, entry)
}
