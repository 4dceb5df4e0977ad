package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "example.com/interop"

// sumdb's HashReader over all hashes in memory.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, index := range indexes {
		out = append(out, s[index])
	}
	return out, nil
}

func save(path, name string, data []byte) error {
	file := filepath.Join(path, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// Entries of all lengths from nothing on, some of 65,535 bytes, some with zeros and newlines.
func entry(index int64) []byte {
	switch {
	case index == 0:
		return nil
	case index%1000 == 999:
		return make([]byte, 65535)
	default:
		return []byte(fmt.Sprintf("entry %d\n%s", index, make([]byte, index%37)))
	}
}

func write(path string, size int64, extensions []string) (map[string]interface{}, error) {
	var hashes stored
	for index := int64(0); index < size; index++ {
		added, err := tlog.StoredHashes(index, entry(index), hashes)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, added...)
	}
	root := tlog.Hash(sha256.Sum256(nil)) // of no entries, of which this version of sumdb says 32 zeros
	if size > 0 {
		var err error
		if root, err = tlog.TreeHash(size, hashes); err != nil {
			return nil, err
		}
	}
	for _, tile := range tlog.NewTiles(height, 0, size) {
		data, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return nil, err
		}
		if err := save(path, tilePath(tile), data); err != nil {
			return nil, err
		}
		if tile.L != 0 {
			continue
		}
		var bundle []byte
		for i := 0; i < tile.W; i++ {
			one := entry(tile.N*width + int64(i))
			bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(one)))
			bundle = append(bundle, one...)
		}
		if err := save(path, entriesPath(tile), bundle); err != nil {
			return nil, err
		}
	}
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
	for _, line := range extensions {
		text += line + "\n"
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, err
	}
	return map[string]interface{}{"key": public, "size": size}, save(path, "checkpoint", signed)
}
