package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

// The name of a tile in the C2SP tlog-tiles layout, which leaves out the height that sumdb's names have.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
}

// The name of the entries of a tile of level 0.
func entriesPath(tile tlog.Tile) string {
	return "tile/entries/" + strings.TrimPrefix(tilePath(tile), "tile/0/")
}

// A log in a folder, as sumdb's TileReader; each file is read once.
type folder struct {
	path string
	read map[string][]byte
}

func (f *folder) Height() int { return height }

func (f *folder) file(name string) ([]byte, error) {
	if data, ok := f.read[name]; ok {
		return data, nil
	}
	data, err := os.ReadFile(filepath.Join(f.path, name))
	if err == nil {
		f.read[name] = data
	}
	return data, err
}

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		data, err := f.file(tilePath(tile))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

// All entries of a log of that size.
func (f *folder) entries(size int64) ([][]byte, error) {
	var out [][]byte
	for first := int64(0); first < size; first += width {
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: width}
		if size-first < width {
			tile.W = int(size - first)
		}
		data, err := f.file(entriesPath(tile))
		if err != nil {
			return nil, err
		}
		for i := 0; i < tile.W; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s ends within entry %d", entriesPath(tile), i)
			}
			length := int(binary.BigEndian.Uint16(data))
			out = append(out, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s has more than %d entries", entriesPath(tile), tile.W)
		}
	}
	return out, nil
}
